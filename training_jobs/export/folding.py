"""Moves what happens to a number before a tree sees it (imputing, scaling, rounding to float32) into the
tree's thresholds, so that a raw float64 is compared directly and takes the same branch.

All of it is non-decreasing in floating point, so for every threshold there is one largest double that goes
left. It is found by bisection over the doubles themselves: 64 steps, no tolerance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from inference.model import FloatArray

BoolArray = npt.NDArray[np.bool_]
Comparison = Literal["<=", "<"]

_INFINITY_KEY = np.int64(0x7FF0000000000000)


@dataclass(frozen=True)
class Transform:
    """One thing done to a number: `impute` puts p where it is missing, `scale` gives (x - p) / q."""

    kind: Literal["impute", "scale"]
    p: float
    q: float = 1.0

    def __call__(self, values: FloatArray) -> FloatArray:
        if self.kind == "impute":
            return np.where(np.isnan(values), self.p, values)
        with np.errstate(all="ignore"):
            return np.asarray((values - self.p) / self.q)

    @property
    def is_monotone(self) -> bool:
        return self.kind == "impute" or self.q > 0


@dataclass(frozen=True)
class TreeInput:
    """How an estimator sees its numbers: rounded to `precision`, then compared."""

    precision: Literal["float64", "float32"]
    comparison: Comparison

    def goes_left(self, values: FloatArray, thresholds: FloatArray) -> BoolArray:
        with np.errstate(over="ignore"):
            seen = values.astype(self.precision)
        return np.asarray(seen <= thresholds if self.comparison == "<=" else seen < thresholds)


def fold(chain: tuple[Transform, ...], thresholds: FloatArray, reader: TreeInput) -> FloatArray:
    """The largest raw double that goes left, for each threshold."""
    if not chain and reader == TreeInput("float64", "<="):
        return thresholds
    distinct, where = np.unique(thresholds, return_inverse=True)

    def passes(values: FloatArray) -> BoolArray:
        return reader.goes_left(_through(chain, values), distinct)

    return largest_passing(passes, len(distinct))[where]


def missing_goes_left(
    chain: tuple[Transform, ...], thresholds: FloatArray, reader: TreeInput, own: BoolArray
) -> BoolArray:
    """Where a missing value goes: as its imputed value does, or by each node's `own` rule without one."""
    value = _through(chain, np.array([np.nan]))
    if np.isnan(value[0]):
        return own
    return reader.goes_left(np.repeat(value, len(thresholds)), thresholds)


def largest_passing(passes: Callable[[FloatArray], BoolArray], count: int) -> FloatArray:
    """The largest doubles for which a test that holds below and fails above still holds."""
    low = np.full(count, -_INFINITY_KEY)
    high = np.full(count, _INFINITY_KEY)
    while np.any(low < high):
        # Rounds up, without overflow: the keys of low and high may differ by almost 2**64.
        middle = low // 2 + high // 2 + (low % 2 + high % 2 + 1) // 2
        held = passes(_double(middle))
        low = np.where(held, middle, low)
        high = np.where(held, high, np.maximum(middle - 1, low))
    return _double(low)


def _double(keys: npt.NDArray[np.int64]) -> FloatArray:
    """Keys order the doubles: the bits of a positive one, and minus the magnitude bits of a negative one."""
    sign = np.int64(-(2**63))
    return np.where(keys >= 0, keys, sign - keys).astype(np.int64).view(np.float64)


def _through(chain: tuple[Transform, ...], values: FloatArray) -> FloatArray:
    for transform in chain:
        values = transform(values)
    return values
