"""The feature steps in numpy. Each uses only operations that IEEE 754 rounds exactly, so that scikit-learn at
training, this module, and the compiled kernel agree to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from inference.model import MISSING_CODE, FloatArray, Operation, Step


def ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    """a / b, missing where that is not finite (a zero or missing denominator)."""
    with np.errstate(all="ignore"):
        return _finite_or_missing(a / b)


def combine(a: FloatArray, b: FloatArray, p: float, q: float) -> FloatArray:
    """a * p + b * q, missing where that is not finite."""
    with np.errstate(all="ignore"):
        return _finite_or_missing(a * p + b * q)


def distance(a: FloatArray, b: FloatArray, p: float, q: float) -> FloatArray:
    """The planar distance of (a, b) from (p, q), missing where that is not finite."""
    with np.errstate(all="ignore"):
        dx, dy = a - p, b - q
        return _finite_or_missing(np.sqrt(dx * dx + dy * dy))


def apply(steps: Iterable[Step], rows: FloatArray, width: int) -> FloatArray:
    """The rows (n, columns) with every step's entry appended: (n, width)."""
    entries = np.empty((len(rows), width))
    filled = rows.shape[1]
    entries[:, :filled] = rows
    for step in steps:
        entries[:, filled] = _OPERATIONS[step.op](entries[:, step.a], entries[:, step.b], step)
        filled += 1
    return entries


def _finite_or_missing(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.nan)


def _ordinal(a: FloatArray, step: Step) -> FloatArray:
    return np.where(a >= 0, a, np.where(a == MISSING_CODE, step.q, step.p))


def _scale(a: FloatArray, step: Step) -> FloatArray:
    with np.errstate(all="ignore"):
        return np.asarray((a - step.p) / step.q)


_OPERATIONS: dict[Operation, Callable[[FloatArray, FloatArray, Step], FloatArray]] = {
    "ratio": lambda a, b, step: ratio(a, b),
    "combine": lambda a, b, step: combine(a, b, step.p, step.q),
    "distance": lambda a, b, step: distance(a, b, step.p, step.q),
    "equals": lambda a, b, step: (a == step.p).astype(np.float64),
    "ordinal": lambda a, b, step: _ordinal(a, step),
    "impute": lambda a, b, step: np.where(np.isnan(a), step.p, a),
    "scale": lambda a, b, step: _scale(a, step),
}
