"""What came true held against what was promised, overall and by slice. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.training import higher_is_better
from scoring.estimates import by_own_probabilities, interval
from scoring.figures import Array, FloatArray, overall
from scoring.metrics import judged

DECAYED, AS_PROMISED, INSUFFICIENT_DATA = "DECAYED", "AS_PROMISED", "INSUFFICIENT_DATA"
CONFIDENCE = 0.99
MAX_ROWS = 100_000
MIN_SLICE_ROWS = 50


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A figure with its interval beside the promise; `decayed` where the whole interval lies beyond it by
    more than is tolerated."""

    name: str
    rows: int
    value: float | None
    low: float | None
    high: float | None
    promised: float | None
    decayed: bool
    is_estimate: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Truth and answers as `scoring.metrics` takes them; of a classification the truth is positions among the
    classes, and where the answers had no probabilities the decided class has all of it."""

    metric: str
    target: Array
    answers: FloatArray
    threshold: float | None = None


def judge(
    asked: Asked,
    promised: float | None,
    slices: Mapping[str, tuple[npt.NDArray[np.bool_], float | None]],
    *,
    min_rows: int,
    max_decay_share: float,
) -> tuple[Judged, list[Judged]]:
    """All rows, and each slice of enough rows; of n verdicts each is as sure as 1 - 0.01 / n (Bonferroni)."""
    large = {name: found for name, found in slices.items() if found[0].sum() >= MIN_SLICE_ROWS}
    confidence = 1 - (1 - CONFIDENCE) / (1 + len(large))
    everything = np.ones(len(asked.target), dtype=bool)

    def one(name: str, rows: npt.NDArray[np.bool_], wanted: float | None) -> Judged:
        return _one(name, asked, rows, wanted, confidence, max_decay_share)

    if len(asked.target) < min_rows:
        return _too_few("overall", len(asked.target), promised), []
    return (
        one("overall", everything, promised),
        [one(name, rows, wanted) for name, (rows, wanted) in large.items()],
    )


def _too_few(name: str, rows: int, promised: float | None) -> Judged:
    return Judged(name=name, rows=rows, value=None, low=None, high=None, promised=promised, decayed=False)


def _one(
    name: str,
    asked: Asked,
    rows: npt.NDArray[np.bool_],
    promised: float | None,
    confidence: float,
    max_decay_share: float,
) -> Judged:
    places = np.flatnonzero(rows)
    if len(places) > MAX_ROWS:
        places = np.sort(np.random.default_rng(len(places)).choice(places, MAX_ROWS, replace=False))
    options: dict[str, Any] = {"threshold": asked.threshold}
    figure = judged(asked.metric, asked.target[places], asked.answers[places], **options)
    value = overall(figure, len(places))
    low, high = interval(figure, len(places), confidence)
    return Judged(
        name=name,
        rows=int(rows.sum()),
        value=known(value),
        low=known(low),
        high=known(high),
        promised=promised,
        decayed=is_decayed(asked.metric, low, high, promised, max_decay_share),
    )


def is_decayed(metric: str, low: float, high: float, promised: float | None, max_decay_share: float) -> bool:
    """Whether even the interval's better end is worse than the promise by more than that share of it."""
    if promised is None or math.isnan(low):
        return False
    tolerated = abs(promised) * max_decay_share
    return high < promised - tolerated if higher_is_better(metric) else low > promised + tolerated


def estimated(
    metric: str, answers: FloatArray | None, threshold: float | None, promised: float | None, min_rows: int
) -> Judged | None:
    """By a classifier's own probabilities (rows, classes), where there are enough of them."""
    if answers is None or len(answers) < min_rows:
        return None
    value = by_own_probabilities(metric, answers[:MAX_ROWS], threshold)
    return Judged(
        name="overall",
        rows=len(answers),
        value=known(value),
        low=None,
        high=None,
        promised=promised,
        decayed=False,
        is_estimate=True,
    )


def known(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
