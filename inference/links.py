"""From sums to answers: division, and the link that turns scores into probabilities."""

from __future__ import annotations

import numpy as np

from inference.model import FloatArray, Head


def answers(sums: FloatArray, head: Head) -> FloatArray:
    """Predictions (n, 1) of a regression, probabilities (n, classes) of a classification."""
    if head.divisor != 1.0:
        sums = sums / head.divisor
    if head.link == "sigmoid":
        positive = _sigmoid(sums[:, 0], head)
        return np.column_stack([1 - positive, positive])
    if head.link == "softmax":
        powers = np.exp(sums - sums.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    if head.link == "share":
        total = sums.sum(axis=1, keepdims=True)
        return np.asarray(sums / np.where(total == 0, 1.0, total))
    return sums


def _sigmoid(scores: FloatArray, head: Head) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-scores)))
