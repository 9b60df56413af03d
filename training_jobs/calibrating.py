"""Chooses a calibration by out-of-fold answers; it is kept only where it helps rows it was not chosen by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.model.calibration import SMALLEST, Calibration
from scoring.figures import Array, FloatArray
from training_jobs.out_of_fold import Judged, held_out, together

# A calibration must lower the log loss by this share, and by so many standard errors of the difference.
LEAST_GAIN_SHARE = 0.005
STANDARD_ERRORS = 2.0
FEWEST_ROWS = 100
_STRENGTH = 1e-3  # holds slope near 1 and offsets near 0 where rows say little
_MOST_SLOPE = 20.0


def helpful_calibration(parts: Sequence[Judged], seed: int) -> Calibration | None:
    """The calibration of these out-of-fold probabilities; None where held-out rows are not surely better for
    it."""
    whole = together(parts)
    if len(whole) < FEWEST_ROWS:
        return None
    before, after, counts = [], [], []
    for chosen_by, judged in held_out(parts, seed):
        found = fit_calibration(chosen_by)
        before.append(_losses(judged.answers, judged.truth))
        after.append(_losses(found(judged.answers), judged.truth))
        counts.append(judged.counts)
    if not _is_surely_less(np.concatenate(after), np.concatenate(before), np.concatenate(counts)):
        return None
    return fit_calibration(whole)


def fit_calibration(rows: Judged) -> Calibration:
    """Slope and offsets of the least weighted log loss, the first class's offset being 0."""
    from scipy.optimize import minimize

    logs = np.log(np.maximum(rows.answers, SMALLEST))
    counts = rows.counts / max(rows.counts.sum(), SMALLEST)
    classes = logs.shape[1]
    hit = np.eye(classes)[rows.truth]

    def loss(values: FloatArray) -> tuple[float, FloatArray]:
        """The log loss with its gradient by the logarithm of the slope and the offsets."""
        slope, offsets = np.exp(values[0]), np.concatenate([[0.0], values[1:]])
        scores = slope * logs + offsets
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        sums = powers.sum(axis=1, keepdims=True)
        apart = (powers / sums - hit) * counts[:, np.newaxis]
        value = -float(counts @ ((scores - np.log(sums)) * hit).sum(axis=1))
        slopes = [float((apart * logs).sum() * slope), *apart.sum(axis=0)[1:]]
        penalty = _STRENGTH * float(values @ values)
        return value + penalty, np.array(slopes) + 2 * _STRENGTH * values

    bounds: list[Any] = [(-np.log(_MOST_SLOPE), np.log(_MOST_SLOPE)), *[(-10.0, 10.0)] * (classes - 1)]
    found = minimize(loss, np.zeros(classes), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(float(np.exp(found[0])), (0.0, *(float(value) for value in found[1:])))


def _losses(probabilities: FloatArray, truth: Array) -> FloatArray:
    chosen = probabilities[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.maximum(chosen, np.finfo(np.float64).eps)))


def _is_surely_less(after: FloatArray, before: FloatArray, counts: FloatArray) -> bool:
    """Whether the weighted mean fell by more than chance: the rows' differences are paired."""
    shares = counts / counts.sum()
    gain = shares @ (before - after)
    error = np.sqrt(np.square(shares) @ np.square(before - after - gain))
    return bool(gain > LEAST_GAIN_SHARE * (shares @ before) and gain > STANDARD_ERRORS * error)
