"""How sure a difference between two models is: a paired bootstrap over the holdout's rows. Pure.

Both models are scored on the same resampled rows, so what is hard for both cancels out (Efron and
Tibshirani, "An Introduction to the Bootstrap", chapter 16).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from contracts.training import higher_is_better
from scoring.figures import Figure, FloatArray

SEED = 20_240_229
# Resamples are drawn in blocks of about this many numbers, so memory stays flat however many rows there are.
_BLOCK = 2_000_000
# A relative gain over nothing has no size; beyond a million per cent nobody asks.
_SMALLEST, _LARGEST = 1e-12, 1e4


def gain_share(metric: str, old: FloatArray, new: FloatArray) -> FloatArray:
    """The relative improvement over `old`, elementwise: positive is better, whichever way the metric runs."""
    difference = new - old if higher_is_better(metric) else old - new
    return np.asarray(np.clip(difference / np.maximum(np.abs(old), _SMALLEST), -_LARGEST, _LARGEST))


def gain_of(metric: str, old: float, new: float) -> float:
    return float(gain_share(metric, np.float64(old), np.float64(new)))  # type: ignore[arg-type]


def resampled_gains(metric: str, old: Figure, new: Figure, rows: int, resamples: int) -> FloatArray:
    """The gain share (resamples,) on as many resamples of the rows, in the order drawn; the same rows give
    the same figures. A resample on which the metric is undefined is NaN."""
    blocks = _draw(rows, resamples)
    return np.concatenate([gain_share(metric, old(weights), new(weights)) for weights in blocks])


def _draw(rows: int, resamples: int) -> Iterator[FloatArray]:
    """How often each row was drawn, (block, rows) at a time."""
    generator = np.random.default_rng(SEED)
    size = max(1, _BLOCK // rows)
    for start in range(0, resamples, size):
        block = min(size, resamples - start)
        drawn = generator.integers(0, rows, (block, rows))
        drawn += np.arange(block)[:, np.newaxis] * rows
        counts = np.bincount(drawn.ravel(), minlength=block * rows)
        yield counts.reshape(block, rows).astype(np.float64)
