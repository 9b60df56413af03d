"""The folds of a cross-validation, and what their metrics come to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training_jobs.dataset import Dataset

Fold = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def folds_of(dataset: Dataset, task: str, count: int, seed: int) -> list[Fold]:
    """(training rows, validation rows) of each fold, shuffled by the seed; classes are spread evenly."""
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = KFold if task == "regression" else StratifiedKFold
    splitter = kind(n_splits=count, shuffle=True, random_state=seed)
    return list(splitter.split(dataset.features, dataset.target))


def summarise(scores: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each metric over the folds, and its standard deviation under `NAME_std`; a fold that cannot
    give a metric is left out of it."""
    summary = {}
    for name in dict.fromkeys(name for fold in scores for name in fold):
        values = [fold[name] for fold in scores if name in fold]
        summary[name] = float(np.mean(values))
        summary[f"{name}_std"] = float(np.std(values))
    return summary
