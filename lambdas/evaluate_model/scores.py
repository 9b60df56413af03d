"""The metrics of contracts.training.METRICS, of weighted rows. Pure.

A regression's target and answers are values (n,); a classification's target is the position (n,) of each
row's class, and its answers are probabilities (n, classes). `weights` (n,) says how often each row counts:
ones for the figure itself, resampled counts for the bootstrap. scikit-learn is not in this image, and these
few lines are all that would be used of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]
_SMALLEST = 1e-15


def metrics_of(task: str, target: Array, answers: FloatArray) -> dict[str, float]:
    """Every metric of the task; one that these rows cannot give (one class only, say) is left out."""
    weights = np.ones(len(target))
    found = {name: metric(target, answers, weights) for name, metric in METRICS[task].items()}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def row_errors(task: str, target: Array, answers: FloatArray) -> FloatArray:
    """What each row (n,) adds to the error: the absolute residual, or 1 for a wrong class."""
    if task == "regression":
        return np.abs(target - answers)
    return np.asarray(answers.argmax(axis=1) != target, dtype=np.float64)


def _rmse(target: Array, answers: FloatArray, weights: FloatArray) -> float:
    return float(np.sqrt(np.average(np.square(target - answers), weights=weights)))


def _mae(target: Array, answers: FloatArray, weights: FloatArray) -> float:
    return float(np.average(np.abs(target - answers), weights=weights))


def _r2(target: Array, answers: FloatArray, weights: FloatArray) -> float:
    spread = np.average(np.square(target - np.average(target, weights=weights)), weights=weights)
    missed = np.average(np.square(target - answers), weights=weights)
    return float(1.0 - missed / spread) if spread > 0 else float("nan")


def _log_loss(target: Array, answers: FloatArray, weights: FloatArray) -> float:
    chosen = answers[np.arange(len(target)), target]
    return float(np.average(-np.log(np.clip(chosen, _SMALLEST, 1.0)), weights=weights))


def _accuracy(target: Array, answers: FloatArray, weights: FloatArray) -> float:
    return float(np.average(answers.argmax(axis=1) == target, weights=weights))


def _f1(target: Array, answers: FloatArray, weights: FloatArray) -> float:
    """Macro average over the classes that occur, as scikit-learn's `f1_score(average="macro")`."""
    points, size = answers.argmax(axis=1), answers.shape[1]
    hits = np.bincount(target, weights=weights * (points == target), minlength=size)
    seen = np.bincount(target, weights=weights, minlength=size)
    seen = seen + np.bincount(points, weights=weights, minlength=size)
    occurs = seen > 0
    return float((2 * hits[occurs] / seen[occurs]).mean())


def _roc_auc(target: Array, answers: FloatArray, weights: FloatArray) -> float:
    """Of two classes the second's area; of more the plain mean over each class against the rest."""
    size = answers.shape[1]
    judged = [1] if size == 2 else range(size)
    return float(np.mean([_area(target == i, answers[:, i], weights) for i in judged]))


def _area(positive: npt.NDArray[np.bool_], score: FloatArray, weights: FloatArray) -> float:
    """The chance that a positive row outranks a negative one, ties counting half."""
    _, rank = np.unique(score, return_inverse=True)
    up = np.bincount(rank, weights=weights * positive)
    down = np.bincount(rank, weights=weights * ~positive)
    if up.sum() == 0 or down.sum() == 0:
        return float("nan")
    below = np.cumsum(down) - down
    return float((up * (below + down / 2)).sum() / (up.sum() * down.sum()))


Metric = Callable[[Array, FloatArray, FloatArray], float]
METRICS: dict[str, dict[str, Metric]] = {
    "regression": {"rmse_error": _rmse, "mae_error": _mae, "r2_score": _r2},
    "classification": {
        "log_loss_error": _log_loss,
        "accuracy_score": _accuracy,
        "f1_score": _f1,
        "roc_auc_score": _roc_auc,
    },
}
