"""How sure a figure is, and what it would be by a classifier's own probabilities. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scoring.figures import Figure, FloatArray, overall
from scoring.metrics import judged

_SEED = 20_261_201
_BLOCK = 2_000_000
RESAMPLES = 400


def interval(figure: Figure, rows: int, confidence: float, resamples: int = RESAMPLES) -> tuple[float, float]:
    """Between these ends the figure lies with that confidence (0-1), by the bootstrap's quantiles (Efron and
    Tibshirani, "An Introduction to the Bootstrap", chapter 13); NaN where no resample has a figure."""
    found = np.concatenate([figure(weights) for weights in _draws(rows, resamples)])
    known = found[np.isfinite(found)]
    if not len(known):
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def _draws(rows: int, resamples: int) -> Iterator[FloatArray]:
    chance = np.random.default_rng(_SEED)
    size = max(1, _BLOCK // max(1, rows))
    for start in range(0, resamples, size):
        block = min(size, resamples - start)
        drawn = chance.integers(0, rows, (block, rows)) + np.arange(block)[:, np.newaxis] * rows
        yield np.bincount(drawn.ravel(), minlength=block * rows).reshape(block, rows).astype(np.float64)


def by_own_probabilities(metric: str, answers: FloatArray, threshold: float | None = None) -> float:
    """A classification's figure without a single label, of probabilities (rows, classes) that are calibrated.

    Each row counts for every class as much as the model gives it: of a metric that is a ratio of expected
    counts that is the figure of the expected table (confidence-based performance estimation, as NannyML calls
    it). Where the model is no longer calibrated, which is what drift does, so is this estimate.
    """
    rows, classes = answers.shape
    truth = np.tile(np.arange(classes), rows)
    figure = judged(metric, truth, np.repeat(answers, classes, axis=0), threshold=threshold)
    return overall(figure, rows * classes, answers.ravel())
