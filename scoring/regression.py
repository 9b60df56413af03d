"""Metrics of regressions. Pure. The truth and a model's answers are values (rows,) in the target's unit."""

from __future__ import annotations

import numpy as np

from scoring.figures import Array, Figure, FloatArray, mean, ratio

# scikit-learn divides by no less, so that a target of zero gives a huge share and not an infinite one.
_SMALLEST_TARGET = np.finfo(np.float64).eps


def rmse_error(target: Array, answers: FloatArray) -> Figure:
    """Root of the mean squared residual: sqrt(mean((y - f)^2)), in the target's unit."""
    squares = np.square(target - answers)
    return lambda weights: np.sqrt(mean(weights, squares))


def mae_error(target: Array, answers: FloatArray) -> Figure:
    """Mean absolute residual: mean(|y - f|), in the target's unit."""
    sizes = np.abs(target - answers)
    return lambda weights: mean(weights, sizes)


def mape_error(target: Array, answers: FloatArray) -> Figure:
    """Mean absolute residual as a share of the truth: mean(|y - f| / |y|), 0.1 being 10 %."""
    shares = np.abs(target - answers) / np.maximum(np.abs(target), _SMALLEST_TARGET)
    return lambda weights: mean(weights, shares)


def r2_score(target: Array, answers: FloatArray) -> Figure:
    """Coefficient of determination: 1 - sum((y - f)^2) / sum((y - mean(y))^2); 0 is as good as the mean, and
    a target that is always the same has none (NaN)."""
    squares = np.square(target - answers)
    # What rounding alone makes of values that are all alike.
    nothing = np.square(np.finfo(np.float64).eps * np.abs(target).max(initial=0.0))

    def figure(weights: FloatArray) -> FloatArray:
        means = mean(weights, target)
        distances = np.square(target - means[:, np.newaxis])
        spread = ratio(np.einsum("ij,ij->i", weights, distances), weights.sum(axis=1))
        return 1.0 - ratio(mean(weights, squares), np.where(spread > nothing, spread, 0.0))

    return figure


def poisson_deviance_error(target: Array, answers: FloatArray) -> Figure:
    """Mean Poisson deviance: 2 mean(y ln(y / f) - y + f), for counts and rates; NaN where an answer is not
    above zero or a truth below it (McCullagh and Nelder, "Generalized Linear Models", 1989)."""
    allowed = (answers > 0) & (target >= 0)
    with np.errstate(all="ignore"):
        logs = np.where(target > 0, target * np.log(target / answers), 0.0)
    losses = np.where(allowed, 2 * (logs - target + answers), np.nan)

    def figure(weights: FloatArray) -> FloatArray:
        # A row that does not count must not spoil the others.
        return np.where((weights[:, ~allowed] > 0).any(axis=1), np.nan, mean(weights, np.nan_to_num(losses)))

    return figure


def pinball_error(quantile: float, target: Array, answers: FloatArray) -> Figure:
    """Mean pinball loss of a quantile (0-1): an answer that is too low costs `quantile` a unit, one too high
    the rest to 1 (Koenker and Bassett, "Regression Quantiles", 1978)."""
    short = target - answers
    losses = np.maximum(quantile * short, (quantile - 1) * short)
    return lambda weights: mean(weights, losses)
