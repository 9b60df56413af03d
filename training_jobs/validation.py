"""The folds of a dataset's cross-validation, and what their metrics come to."""

from __future__ import annotations

import numpy as np

from contracts.dataset import DatasetContract
from training_jobs.dataset import Dataset
from training_jobs.folds import Fold, split_rows


def folds_of(dataset: Dataset, contract: DatasetContract, count: int, seed: int) -> list[Fold]:
    """(training rows, validation rows) of each fold, by the contract's split."""
    return split_rows(dataset.target, contract.task, contract.split, dataset.keys, count, seed)


def summarise(scores: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each metric over the folds, and its standard deviation under `NAME_std`; a fold that cannot
    give a metric is left out of it."""
    summary = {}
    for name in dict.fromkeys(name for fold in scores for name in fold):
        values = [fold[name] for fold in scores if name in fold]
        summary[name] = float(np.mean(values))
        summary[f"{name}_std"] = float(np.std(values))
    return summary
