"""Cross-validation of a pipeline that is built anew for each fold, so that nothing leaks between folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from training_jobs.dataset import Dataset
from training_jobs.scores import score

Fold = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def folds_of(dataset: Dataset, task: str, count: int, seed: int) -> list[Fold]:
    """(training rows, validation rows) of each fold, shuffled by the seed; classes are spread evenly."""
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = KFold if task == "regression" else StratifiedKFold
    splitter = kind(n_splits=count, shuffle=True, random_state=seed)
    return list(splitter.split(dataset.features, dataset.target))


def fold_scores(
    build: Callable[[], Any], dataset: Dataset, task: str, folds: list[Fold]
) -> Iterator[dict[str, float]]:
    """Each fold's metrics, one after another."""
    for training, validation in folds:
        part, rest = dataset.take(training), dataset.take(validation)
        pipeline = build().fit(part.features, part.target)
        yield score(pipeline, rest.features, rest.target, task)


def summarise(scores: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each metric over the folds, and its standard deviation under `NAME_std`."""
    summary = {}
    for name in scores[0]:
        values = [fold[name] for fold in scores]
        summary[name] = float(np.mean(values))
        summary[f"{name}_std"] = float(np.std(values))
    return summary
