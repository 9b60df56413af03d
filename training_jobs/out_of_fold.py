"""What a choice answers to rows that it has not learnt from: what metrics, calibration and threshold are made
of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoring.figures import Array, FloatArray
from scoring.metrics import metrics_of


@dataclass(frozen=True)
class Judged:
    """One fold's validation rows. `truth` (n,) are values, or positions among all classes; `answers` are
    values (n,) or probabilities (n, classes); `weights` (n,) say how much each row counts, None that all do
    alike."""

    truth: Array
    answers: FloatArray
    weights: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: Array) -> Judged:
        weights = None if self.weights is None else self.weights[rows]
        return Judged(self.truth[rows], self.answers[rows], weights)

    @property
    def counts(self) -> FloatArray:
        """The weights, or ones."""
        return np.ones(len(self)) if self.weights is None else self.weights

    def metrics(self, task: str, also: str, threshold: float | None = None) -> dict[str, float]:
        options = {"weights": self.weights, "threshold": threshold}
        return metrics_of(task, self.truth, self.answers, also=also, **options)  # type: ignore[arg-type]


def together(parts: Sequence[Judged]) -> Judged:
    """The rows of all parts."""
    weights = None
    if any(part.weights is not None for part in parts):
        weights = np.concatenate([part.counts for part in parts])
    return Judged(
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.answers for part in parts]),
        weights,
    )


def held_out(parts: Sequence[Judged], seed: int) -> list[tuple[Judged, Judged]]:
    """(rows to choose by, rows to judge the choice by): each fold by the others; one alone in halves."""
    if len(parts) == 1:
        order = np.random.default_rng(seed).permutation(len(parts[0]))
        parts = [parts[0].take(np.sort(half)) for half in np.array_split(order, 2)]
    return [(together([*parts[:number], *parts[number + 1 :]]), part) for number, part in enumerate(parts)]


def in_all_classes(answers: FloatArray, known: Array, count: int) -> FloatArray:
    """Probabilities of every class; those that are not `known` (positions) to a model get none."""
    if answers.shape[1] == count:
        return answers
    full = np.zeros((len(answers), count))
    full[:, known] = answers
    return full
