"""The gate's checks, one method each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from contracts.errors import EvaluationError
from contracts.training import Gate, higher_is_better
from lambdas.evaluate_model.bootstrap import gain_of
from lambdas.evaluate_model.drift import Drift
from lambdas.evaluate_model.numbers import figure, rows, share
from lambdas.evaluate_model.slices import Slice
from scoring.constants import constant_answers
from scoring.figures import Array, Figure, FloatArray, on_rows, overall
from scoring.metrics import judged

Unit = Literal["share", "metric", "psi", "us", "rows", "columns"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One condition of the gate. `figure` is what was found and `bound` what it was held against, in `unit`:
    a share (0-1), the gate's metric, a population stability index, microseconds, or rows."""

    name: str
    figure: float
    bound: float
    unit: Unit
    passed: bool
    explanation: str


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Who is compared on what: rows that are new to both. No champion means a first model, or one that
    nobody can compare: then `incomparable` says why, and `common_rows` how many rows would be new to both.

    `target` and the answers are as `metrics` has them; `slices` are those judged. `drift` is that of the new
    rows from the champion's data. `parity` is the manifest's record of how far the exported model is from the
    trained one, and `self_check` says why the artefact does not repeat its recorded answers, or nothing.
    `training_rows` are the challenger's and the champion's, where known; `recorded_advantage` is the gain
    over a constant with which the champion passed; `leaks` are sentences. `weights` (rows,) say how much each
    row counts, and the thresholds at what probability each model says the second of two classes.
    """

    target: Array
    challenger: FloatArray
    champion: FloatArray | None
    slices: Sequence[Slice]
    drift: Sequence[Drift]
    latency_us: float
    parity: Mapping[str, Any] | None
    self_check: str
    incomparable: str = ""
    common_rows: int = 0
    training_rows: tuple[int, int] | None = None
    recorded_advantage: float | None = None
    leaks: Sequence[str] = ()
    weights: FloatArray | None = None
    threshold: float | None = None
    champion_threshold: float | None = None

    def figure(self, metric: str, answers: FloatArray, threshold: float | None = None) -> Figure:
        """The metric of answers to these rows."""
        return judged(metric, self.target, answers, weights=self.weights, threshold=threshold)

    def constant(self, metric: str) -> Figure:
        """The metric of the best constant answer."""
        return self.figure(metric, constant_answers(metric, self.target, self.challenger, self.weights))


class Judgement:
    """The checks. `rival` is the champion, or what always answers the same; `constant` is the latter."""

    def __init__(self, contest: Contest, gate: Gate, rival: Figure, constant: Figure) -> None:
        self._contest, self._gate, self.rival, self.constant = contest, gate, rival, constant
        self.challenger = contest.figure(gate.metric, contest.challenger, contest.threshold)
        size = len(contest.target)
        self._old, self._new = overall(rival, size), overall(self.challenger, size)
        if np.isnan(self._new):
            raise EvaluationError(
                f"{gate.metric} has no value on these {size:,} holdout rows: their target varies too little"
            )

    def gain(self) -> Check:
        gain, bound = gain_of(self._gate.metric, self._old, self._new), self._gate.min_gain_share
        return Check(
            name="gain",
            figure=gain,
            bound=bound,
            unit="share",
            passed=gain > 0 and gain >= bound,
            explanation=f"{self._gate.metric} {figure(self._new)} against the champion's "
            f"{figure(self._old)}, {_better(gain)}; {_wanted(bound)}",
        )

    def confidence(self, gains: FloatArray, wanted: float) -> Check:
        """How many resamples agree. Those on which the metric has no value agree to nothing."""
        agreed = float(((gains > 0) & (gains >= wanted)).mean())
        rival = "a constant answer" if self._contest.champion is None else "the champion"
        by = f" by at least {share(wanted)}" if wanted else ""
        bound = agreement_wanted(self._gate.confidence, len(gains))
        return Check(
            name="confidence",
            figure=agreed,
            bound=bound,
            unit="share",
            passed=agreed >= bound,
            explanation=f"better than {rival}{by} in {share(agreed)} of {len(gains):,} paired resamples; "
            f"at least {share(bound)} is wanted",
        )

    def worst_slice(self) -> list[Check]:
        """The slice on which the challenger loses most; slices of few rows say nothing."""
        found = [
            (-gain_of(self._gate.metric, old, new), part)
            for part in self._contest.slices
            if part.size >= self._gate.min_slice_rows
            and np.isfinite(old := on_rows(self.rival, part.rows))
            and np.isfinite(new := on_rows(self.challenger, part.rows))
        ]
        if not found:
            return []
        loss, worst = max(found, key=lambda pair: pair[0])
        bound = self._gate.max_slice_regression_share
        return [
            Check(
                name="worst slice",
                figure=loss,
                bound=bound,
                unit="share",
                passed=loss <= bound,
                explanation=f"on {worst.name} ({rows(worst.size)}), the worst of {len(found)} slices, "
                f"the challenger is {_better(-loss)}; at most {share(bound)} worse is allowed",
            )
        ]

    def worst_drift(self) -> list[Check]:
        if not self._contest.drift:
            return []
        worst = max(self._contest.drift, key=lambda drift: drift.psi)
        bound = self._gate.max_drift_psi
        return [
            Check(
                name="drift",
                figure=worst.psi,
                bound=bound,
                unit="psi",
                passed=worst.psi <= bound,
                explanation=f"{worst.column} has moved most from the champion's data, by a PSI of "
                f"{worst.psi:.3f} ({worst.bin}: {share(worst.old_share)} before, {share(worst.new_share)} "
                f"now); at most {bound:g} is allowed",
            )
        ]

    def beats_constant(self) -> Check:
        upward = higher_is_better(self._gate.metric)
        constant = overall(self.constant, len(self._contest.target))
        is_first = self._contest.champion is None and not self._contest.incomparable
        who = "first model" if is_first else "challenger"
        return Check(
            name="baseline",
            figure=self._new,
            bound=constant,
            unit="metric",
            passed=self._new > constant if upward else self._new < constant,
            explanation=f"the {who}'s {self._gate.metric} is {figure(self._new)}; the best constant "
            f"answer to the holdout has {figure(constant)}",
        )

    def surely_beats_constant(self, gains: FloatArray) -> Check:
        """Beside a champion: `gains` are those over the constant."""
        agreed = float((gains > 0).mean())
        bound = agreement_wanted(self._gate.confidence, len(gains))
        return Check(
            name="baseline confidence",
            figure=agreed,
            bound=bound,
            unit="share",
            passed=agreed >= bound,
            explanation=f"better than a constant answer in {share(agreed)} of {len(gains):,} resamples; "
            f"at least {share(bound)} is wanted",
        )

    def comparison(self) -> list[Check]:
        if not self._contest.incomparable:
            return []
        return [
            Check(
                name="comparison",
                figure=self._contest.common_rows,
                bound=self._gate.min_comparison_rows,
                unit="rows",
                passed=False,
                explanation=self._contest.incomparable,
            )
        ]

    def size(self) -> list[Check]:
        """Of the training data beside the champion's."""
        if not self._contest.training_rows:
            return []
        new, old = self._contest.training_rows
        bound = self._gate.min_size_share
        return [
            Check(
                name="size",
                figure=new / max(1, old),
                bound=bound,
                unit="share",
                passed=new >= bound * old,
                explanation=f"trained on {rows(new)}, the champion on {old:,}; at least {share(bound)} of "
                "those are wanted",
            )
        ]

    def leak(self) -> list[Check]:
        if not self._gate.refuse_leaks:
            return []
        found = self._contest.leaks
        return [
            Check(
                name="leak",
                figure=len(found),
                bound=0,
                unit="columns",
                passed=not found,
                explanation="; ".join(found) or "no column tells the target",
            )
        ]

    def within_bound(self) -> list[Check]:
        bound = self._gate.first_model_bound
        if bound is None:
            return []
        upward = higher_is_better(self._gate.metric)
        return [
            Check(
                name="first model bound",
                figure=self._new,
                bound=bound,
                unit="metric",
                passed=self._new >= bound if upward else self._new <= bound,
                explanation=f"the first model's {self._gate.metric} is {figure(self._new)}; "
                f"{'at least' if upward else 'at most'} {figure(bound)} is wanted",
            )
        ]

    def parity(self) -> Check:
        """What training recorded, and whether the artefact still answers as it did then."""
        recorded = self._contest.parity or {}
        found, bound = recorded.get("largest_difference"), float(recorded.get("tolerance", 0.0))
        difference = float(found) if found is not None else 1.0
        text = f"exported and trained model differ by {difference:.2g} at most, on "
        text += f"{recorded.get('rows', 0):,} rows and {recorded.get('edge_rows', 0):,} edge rows"
        if found is None:
            text = "the manifest does not say whether the exported model answers as the trained one"
        if self._contest.self_check:
            text = f"the artefact does not repeat its own answers: {self._contest.self_check}"
        return Check(
            name="parity",
            figure=difference,
            bound=bound,
            unit="share",
            passed=difference <= bound and not self._contest.self_check,
            explanation=f"{text}; {bound:g} is allowed",
        )

    def latency(self) -> Check:
        found, bound = self._contest.latency_us, self._gate.max_predict_latency_us
        return Check(
            name="latency",
            figure=found,
            bound=bound,
            unit="us",
            passed=found <= bound,
            explanation=f"one row takes {figure(found)} microseconds; at most {figure(bound)} are allowed",
        )


def agreement_wanted(confidence: float, resamples: int) -> float:
    """The share of resamples that must agree: the confidence and one standard error of so many draws, so that
    equal models are not promoted more often than it says because resampling happened to agree."""
    return min(1.0, confidence + float(np.sqrt(confidence * (1 - confidence) / resamples)))


def _wanted(bound: float) -> str:
    return f"at least {share(bound)} better is wanted" if bound else "any gain will do"


def _better(gain: float) -> str:
    if gain == 0:
        return "no better"
    return f"{share(abs(gain))} {'better' if gain > 0 else 'worse'}"
