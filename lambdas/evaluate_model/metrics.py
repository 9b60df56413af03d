"""The metrics of contracts.training.METRICS, in numpy. Pure.

Each takes the truth and a model's answers, prepares what it can, and gives a `Figure`: a function from
weights (r, rows) to figures (r,). Weights say how often each row counts, so one definition serves the whole
holdout (all ones), a slice (ones on its rows) and a bootstrap (how often each row was drawn). A figure that
its rows cannot give (the area under the curve of a single class) is NaN.

Truth of a regression: values (rows,); of a classification: each row's position among the classes (rows,).
Answers of a regression: values (rows,); of a classification: probabilities (rows, classes).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]
Figure = Callable[[FloatArray], FloatArray]


def rmse_error(target: Array, answers: FloatArray) -> Figure:
    """Root of the mean squared residual: sqrt(mean((y - f)^2)), in the target's unit."""
    squares = np.square(target - answers)
    return lambda weights: np.sqrt(_mean(weights, squares))


def mae_error(target: Array, answers: FloatArray) -> Figure:
    """Mean absolute residual: mean(|y - f|), in the target's unit."""
    sizes = np.abs(target - answers)
    return lambda weights: _mean(weights, sizes)


def r2_score(target: Array, answers: FloatArray) -> Figure:
    """Coefficient of determination: 1 - sum((y - f)^2) / sum((y - mean(y))^2); 0 is as good as the mean."""
    squares = np.square(target - answers)
    # What rounding alone makes of values that are all alike.
    nothing = np.square(np.finfo(np.float64).eps * np.abs(target).max(initial=0.0))

    def figure(weights: FloatArray) -> FloatArray:
        means = _mean(weights, target)
        distances = np.square(target - means[:, np.newaxis])
        spread = _ratio(np.einsum("ij,ij->i", weights, distances), weights.sum(axis=1))
        return 1.0 - _ratio(_mean(weights, squares), np.where(spread > nothing, spread, 0.0))

    return figure


def log_loss_error(target: Array, answers: FloatArray) -> Figure:
    """Mean of -ln(probability of the true class), probabilities held above the smallest double step
    (Good, "Rational Decisions", 1952)."""
    chosen = answers[np.arange(len(target)), target]
    losses = -np.log(np.clip(chosen, np.finfo(np.float64).eps, 1.0))
    return lambda weights: _mean(weights, losses)


def accuracy_score(target: Array, answers: FloatArray) -> Figure:
    """Share of rows whose most probable class is the true one."""
    right = (answers.argmax(axis=1) == target).astype(np.float64)
    return lambda weights: _mean(weights, right)


def f1_score(target: Array, answers: FloatArray) -> Figure:
    """Mean over the classes that occur of 2 TP / (2 TP + FP + FN): every class counts alike (macro average;
    van Rijsbergen, "Information Retrieval", chapter 7)."""
    chosen = answers.argmax(axis=1)
    classes = range(answers.shape[1])
    hits = [((target == c) & (chosen == c)).astype(np.float64) for c in classes]
    seen = [(target == c).astype(np.float64) + (chosen == c) for c in classes]

    def figure(weights: FloatArray) -> FloatArray:
        pairs = zip(hits, seen, strict=True)
        return _mean_of_known([_ratio(2 * (weights @ hit), weights @ both) for hit, both in pairs])

    return figure


def roc_auc_score(target: Array, answers: FloatArray) -> Figure:
    """The chance that a row of the class is ranked above one of another, ties counting half; of more than
    two classes the mean over each against the rest (Hanley and McNeil, 1982; Fawcett, 2006)."""
    size = answers.shape[1]
    areas = [_area(target == c, answers[:, c]) for c in (range(1, 2) if size == 2 else range(size))]
    return lambda weights: _mean_of_known([area(weights) for area in areas])


def _area(positive: npt.NDArray[np.bool_], ranked_by: FloatArray) -> Figure:
    order = np.argsort(ranked_by, kind="stable")
    positive, scores = positive[order], ranked_by[order]
    ties = np.flatnonzero(np.concatenate([[True], scores[1:] != scores[:-1]]))

    def figure(weights: FloatArray) -> FloatArray:
        ordered = weights[:, order]
        up = np.add.reduceat(ordered * positive, ties, axis=1)
        down = np.add.reduceat(ordered * ~positive, ties, axis=1)
        below = np.cumsum(down, axis=1) - down
        pairs = up.sum(axis=1) * down.sum(axis=1)
        return _ratio((up * (below + down / 2)).sum(axis=1), pairs)

    return figure


def _mean(weights: FloatArray, values: FloatArray) -> FloatArray:
    return _ratio(weights @ values, weights.sum(axis=1))


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """NaN where there is nothing to divide by."""
    return np.asarray(np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0))


def _mean_of_known(columns: list[FloatArray]) -> FloatArray:
    table = np.array(columns)
    known = ~np.isnan(table)
    return _ratio(np.where(known, table, 0.0).sum(axis=0), known.sum(axis=0).astype(np.float64))


METRICS: dict[str, Callable[[Array, FloatArray], Figure]] = {
    "rmse_error": rmse_error,
    "mae_error": mae_error,
    "r2_score": r2_score,
    "log_loss_error": log_loss_error,
    "accuracy_score": accuracy_score,
    "f1_score": f1_score,
    "roc_auc_score": roc_auc_score,
}


def overall(figure: Figure, rows: int) -> float:
    """The figure with every row counting once."""
    return float(figure(np.ones((1, rows)))[0])


def on_rows(figure: Figure, chosen: npt.NDArray[np.bool_]) -> float:
    """The figure of the chosen rows (a mask) alone."""
    return float(figure(chosen[np.newaxis].astype(np.float64))[0])
