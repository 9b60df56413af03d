"""The model that looks at nothing: the best constant answer by each metric. Pure."""

from __future__ import annotations

import numpy as np

from contracts.training import quantile_of
from scoring.figures import Array, FloatArray


def best_constant(
    metric: str, target: Array, classes: int = 0, weights: FloatArray | None = None
) -> FloatArray:
    """The answer (outputs,) that is best by the metric on these rows, where all get the same.

    Of a regression the mean, for absolute errors the median, for shares of the truth the median weighted by
    1 / |truth|, for a quantile that quantile. Of a classification (`classes` of them, `target` positions) the
    shares of the classes, whose largest is also what accuracy and F1 are best served by.
    """
    counts = np.ones(len(target)) if weights is None else weights
    if classes:
        return np.asarray(np.bincount(target, weights=counts, minlength=classes) / counts.sum())
    if metric == "mape_error":
        counts = counts / np.maximum(np.abs(target), np.finfo(np.float64).eps)
    quantile = 0.5 if metric in ("mae_error", "mape_error") else quantile_of(metric)
    if quantile is None:
        return np.array([np.average(target, weights=counts)])
    return np.array([weighted_quantile(target, quantile, counts)])


def constant_answers(
    metric: str, target: Array, like: FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """The best constant answer to these very rows, known only afterwards, shaped as `like`."""
    if like.ndim == 1:
        return np.full(len(target), float(best_constant(metric, target, 0, weights)[0]))
    return np.tile(best_constant(metric, target, like.shape[1], weights), (len(target), 1))


def weighted_quantile(values: Array, quantile: float, weights: FloatArray) -> float:
    """The smallest value at which the weights below and at it reach the quantile (0-1) of their sum; halfway
    to the next value where they reach it exactly, so that a median is the usual one."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    wanted = quantile * reached[-1]
    low = int(np.searchsorted(reached, wanted * (1 - 1e-12)))
    high = int(np.searchsorted(reached, wanted * (1 + 1e-12), side="right"))
    last = len(values) - 1
    return float((values[order[min(low, last)]] + values[order[min(high, last)]]) / 2)
