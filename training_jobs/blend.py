"""A blend of fitted pipelines, and the shares that answer unseen rows best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scoring.figures import Array, FloatArray

# Shares are multiples of one in so many; what then has less than the smallest share is left out.
STEPS = 40
SMALLEST_SHARE = 0.05
MOST_MEMBERS = 6


class Blend:
    """Fitted pipelines of one task, and the share (0-1) that each has in the answer."""

    def __init__(self, pipelines: Sequence[Any], shares: Sequence[float]) -> None:
        self.pipelines = tuple(pipelines)
        self.shares = tuple(shares)
        final = self.pipelines[0][-1]
        if hasattr(final, "classes_"):
            self.classes_ = np.asarray(getattr(final, "labels_", final.classes_))

    def predict(self, rows: Any) -> Array:
        """Values (n,) of a regression, class labels of a classification."""
        if hasattr(self, "classes_"):
            return np.asarray(self.classes_[self.predict_proba(rows).argmax(axis=1)])
        return self._blended("predict", rows)

    def predict_proba(self, rows: Any) -> FloatArray:
        return self._blended("predict_proba", rows)

    def _blended(self, method: str, rows: Any) -> FloatArray:
        parts = zip(self.shares, self.pipelines, strict=True)
        return np.asarray(
            sum(share * np.asarray(getattr(p, method)(rows), dtype=np.float64) for share, p in parts)
        )


def best_shares(answers: Sequence[FloatArray], loss: Callable[[FloatArray], float]) -> list[float]:
    """The share of each candidate (they add up to 1), chosen greedily with replacement: the next step always
    goes to the candidate that lowers the loss of the blend most (Caruana et al., "Ensemble selection from
    libraries of models", 2004). `answers` are to rows that no candidate has learnt from.
    """
    counts = np.zeros(len(answers))
    total: FloatArray = np.zeros_like(answers[0])
    best, kept = np.inf, counts
    for step in range(1, STEPS + 1):
        full = (counts > 0).sum() >= MOST_MEMBERS
        allowed = [i for i in range(len(answers)) if counts[i] or not full]
        losses = {i: loss(np.asarray((total + answers[i]) / step)) for i in allowed}
        chosen = min(losses, key=lambda i: losses[i])
        counts[chosen] += 1
        total = np.asarray(total + answers[chosen])
        if losses[chosen] < best:
            best, kept = losses[chosen], counts.copy()
    kept = np.where(kept / kept.sum() < SMALLEST_SHARE, 0.0, kept)
    return [float(share) for share in kept / kept.sum()]
