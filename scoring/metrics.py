"""The metrics of contracts.training.METRICS by name. Pure.

Each takes the truth and a model's answers, prepares what it can, and gives a `Figure`. What truth and answers
are, scoring.regression and scoring.classification say.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from contracts.training import METRICS as NAMES
from contracts.training import quantile_of
from scoring import classification, regression
from scoring.figures import Array, Figure, FloatArray, overall, weighted

Metric = Callable[..., Figure]

METRICS: dict[str, Metric] = {
    **{name: getattr(regression, name) for name in NAMES["regression"]},
    **{name: getattr(classification, name) for name in NAMES["classification"]},
}


def figure_of(metric: str) -> Metric:
    """The metric of a name, `pinball_0.9_error` and its like among them; raises KeyError on any other."""
    quantile = quantile_of(metric)
    return METRICS[metric] if quantile is None else partial(regression.pinball_error, quantile)


def judged(
    metric: str,
    target: Array,
    answers: FloatArray,
    *,
    weights: FloatArray | None = None,
    threshold: float | None = None,
) -> Figure:
    """The metric's figure where each row counts by its weight (rows,) and decisions are taken at the model's
    threshold."""
    options: dict[str, Any] = {"threshold": threshold} if metric in NAMES["classification"] else {}
    figure = figure_of(metric)(target, answers, **options)
    return figure if weights is None else weighted(figure, weights)


def metrics_of(
    task: str,
    target: Array,
    answers: FloatArray,
    *,
    weights: FloatArray | None = None,
    threshold: float | None = None,
    also: str = "",
) -> dict[str, float]:
    """Every metric of the task, and `also` where it is one more; what these rows cannot give is left out."""
    import numpy as np

    names = dict.fromkeys((*NAMES[task], *([also] if also else [])))
    found = {
        name: overall(judged(name, target, answers, weights=weights, threshold=threshold), len(target))
        for name in names
    }
    return {name: value for name, value in found.items() if np.isfinite(value)}
