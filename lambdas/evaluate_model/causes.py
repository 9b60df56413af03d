"""Why a champion may have collapsed: each likely cause is tested, and named where undoing it helps. Pure.

A cause counts as found where the champion, asked again with the change undone, has most of the advantage over
a constant back that it passed the gate with; or where its answers are spread as ever and simply do not go
with the labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from lambdas.evaluate_model.bootstrap import gain_of
from lambdas.evaluate_model.drift import Drift
from lambdas.evaluate_model.numbers import figure, share
from scoring.constants import constant_answers
from scoring.figures import Array, FloatArray, overall
from scoring.metrics import judged

MOVED_PSI = 0.25
_BACK = 0.7  # of the recorded advantage, once a cause is undone
_MOST_CLASSES = 5
_QUANTILES = ("0.1", "0.25", "0.5", "0.75", "0.9")
_STRAIGHT = 0.02


@dataclass(frozen=True, kw_only=True)
class Case:
    """A collapsed champion on the rows that showed it.

    `columns` by name (n,), `target` and `answers` as `scoring` has them; `ask` gives the champion's answers
    to other columns; `profile` and `drift` tell of the data that it was trained on, where they are known.
    """

    metric: str
    columns: Mapping[str, Array]
    target: Array
    answers: FloatArray
    ask: Callable[[Mapping[str, Array]], FloatArray]
    recorded: float | None
    profile: Mapping[str, Any] | None
    drift: Sequence[Drift]
    target_name: str
    classes: Sequence[str] = ()
    weights: FloatArray | None = None
    threshold: float | None = None

    def advantage(self, target: Array, answers: FloatArray) -> float:
        """The gain over the best constant (1 is perfect of an error, 0 none)."""
        size, weights = len(target), self.weights
        best = constant_answers(self.metric, target, answers, weights)
        constant = overall(judged(self.metric, target, best, weights=weights), size)
        figure = judged(self.metric, target, answers, weights=weights, threshold=self.threshold)
        return gain_of(self.metric, constant, overall(figure, size))

    def is_back(self, target: Array, answers: FloatArray) -> bool:
        wanted = _BACK * self.recorded if self.recorded is not None else 0.1
        return self.advantage(target, answers) > max(wanted, 0.02)


def causes_of(case: Case) -> list[str]:
    """Sentences, the surest first; where no test says anything, that is said."""
    # Answers to a converted column look like a converted target, so the column is tried first.
    found = _swapped(case) or _columns_converted(case) or _target_converted(case)
    moved = [drift for drift in case.drift if drift.psi > MOVED_PSI]
    if not found and not moved and _unrelated(case):
        found.append(
            f"labels belong to other rows: the columns and {case.target_name!r} are spread as they were, "
            "but the champion's answers no longer go with the labels, as after a join that slipped"
        )
    found += [
        f"drift: {drift.column} has moved by a PSI of {drift.psi:.2f} ({drift.bin}: "
        f"{share(drift.old_share)} before, {share(drift.new_share)} now)"
        for drift in moved[:3]
    ]
    return found or ["no test found a cause: neither labels, units nor drift explain it"]


def _swapped(case: Case) -> list[str]:
    """Classes that answer to each other's names."""
    size = len(case.classes)
    if not 2 <= size <= _MOST_CLASSES:
        return []
    chosen = case.answers.argmax(axis=1)
    counts = np.zeros((size, size))
    np.add.at(counts, (chosen, case.target), 1)
    best = max(permutations(range(size)), key=lambda order: counts[range(size), list(order)].sum())
    if list(best) == list(range(size)):
        return []
    back = np.argsort(best)[case.target]
    if not case.is_back(back, case.answers):
        return []
    named = ", ".join(
        f"{case.classes[new]!r} stands for {case.classes[old]!r}"
        for old, new in enumerate(best)
        if old != new
    )
    return [f"labels swapped: {named}; with the names put back the champion is as good as it was"]


def _target_converted(case: Case) -> list[str]:
    """Of a regression: the labels are a straight line of what they were."""
    if case.classes or np.ptp(case.answers) == 0:
        return []
    slope, _ = np.polyfit(case.answers, case.target, 1)
    # A fit to answers flattens with their error, so round factors are tried as well as the ratio of spreads.
    spread = float(np.std(case.target)) / max(float(np.std(case.answers)), 1e-300)
    shift = float(np.median(case.target - case.answers))
    middle = float(np.median(case.answers))
    ratio = float(np.median(case.target)) / middle if middle else 1.0
    for text, undone in (
        (f"its zero: labels are shifted by {figure(shift)}", case.target - shift),
        (f"its unit: labels are {figure(ratio)} times what they were", case.target / (ratio or 1.0)),
        (
            f"its unit and zero: labels are about {figure(spread)} times what they were, and shifted",
            (case.target - np.mean(case.target)) / (spread or 1.0) + np.mean(case.answers),
        ),
    ):
        if slope > 0 and case.is_back(undone, case.answers):
            return [
                f"the target {case.target_name!r} changed {text}; undone, the champion is as good as it was"
            ]
    return []


def _columns_converted(case: Case) -> list[str]:
    """Columns whose quantiles are a straight line of what they were: another unit, undone and asked."""
    described = (case.profile or {}).get("columns", {})
    found, undone = [], dict(case.columns)
    for drift in case.drift:
        old = described.get(drift.column, {}).get("quantiles") or {}
        values = case.columns.get(drift.column)
        if (
            drift.psi <= MOVED_PSI
            or values is None
            or values.dtype == object
            or not set(_QUANTILES) <= set(old)
        ):
            continue
        before = np.array([old[q] for q in _QUANTILES], dtype=float)
        now = np.nanquantile(values, [float(q) for q in _QUANTILES])
        if np.ptp(before) == 0 or np.ptp(now) == 0:
            continue
        slope, zero = np.polyfit(before, now, 1)
        straight = np.abs(slope * before + zero - now).max() / np.ptp(now)
        if slope <= 0 or straight > 5 * _STRAIGHT:
            continue
        undone[drift.column] = (values - zero) / slope
        found.append(f"{drift.column} is about {figure(float(slope))} times what it was")
    if found and case.is_back(case.target, case.ask(undone)):
        return [f"a column changed its unit: {'; '.join(found)}; undone, the champion is as good as it was"]
    return []


def _unrelated(case: Case) -> bool:
    """Whether answers and labels go together no better than by chance (three standard errors of Spearman's
    correlation)."""
    if case.classes:
        size = len(case.classes)
        scores = [_correlation(case.answers[:, c], (case.target == c).astype(float)) for c in range(size)]
        best = max(scores)
    else:
        best = _correlation(case.answers, case.target)
    return bool(best < 3 / np.sqrt(max(1, len(case.target) - 1)))


def _correlation(a: FloatArray, b: FloatArray) -> float:
    first, second = (np.unique(values, return_inverse=True)[1].astype(float) for values in (a, b))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
