"""Whether the challenger replaces the champion: checks, each with its figure and its bound. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.training import Gate, higher_is_better
from lambdas.evaluate_model.bootstrap import gain_share, resampled_gains
from lambdas.evaluate_model.scores import METRICS, Array, FloatArray, metrics_of


@dataclass(frozen=True, kw_only=True)
class Check:
    """One condition of the gate. `figure` is what was found, `bound` what it was held against."""

    name: str
    passed: bool
    figure: float
    bound: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All checks must pass; `reason` is one sentence for people."""

    promote: bool
    reason: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Who is compared on what: target and answers as `scores` has them; no champion means a first model.

    `slices` maps a slice's name to its rows, a mask (n,). `baseline` is what a model would say that knows
    only the training target's distribution. `drift` holds the PSI by column, against the champion's data.
    """

    task: str
    target: Array
    challenger: FloatArray
    baseline: FloatArray
    champion: FloatArray | None
    slices: Mapping[str, npt.NDArray[np.bool_]]
    drift: Mapping[str, float]
    latency_us: float


def compare(contest: Contest, gate: Gate) -> Verdict:
    """The verdict with every check that applies."""
    if contest.champion is None:
        checks = [_beats_baseline(contest, gate), *_within_bound(contest, gate)]
    else:
        checks = [*_beats_champion(contest, contest.champion, gate)]
        checks += _worst_slice(contest, contest.champion, gate)
        checks += _drift(contest, gate)
    checks.append(_latency(contest, gate))
    failed = [check for check in checks if not check.passed]
    reason = "; ".join(check.text for check in failed or checks[:2])
    return Verdict(promote=not failed, reason=reason, checks=tuple(checks))


def score(contest: Contest, metric: str, answers: FloatArray) -> float:
    return METRICS[contest.task][metric](contest.target, answers, np.ones(len(contest.target)))


def _beats_champion(contest: Contest, champion: FloatArray, gate: Gate) -> list[Check]:
    old, new = score(contest, gate.metric, champion), score(contest, gate.metric, contest.challenger)
    gain = gain_share(gate.metric, old, new)
    gains = resampled_gains(
        contest.task,
        gate.metric,
        contest.target,
        champion,
        contest.challenger,
        gate.bootstrap_resamples,
    )
    confidence = float((gains > 0).mean())
    return [
        Check(
            name="gain",
            passed=gain >= gate.min_gain_share and gain > 0,
            figure=gain,
            bound=gate.min_gain_share,
            text=f"{gate.metric} {new:.6g} against the champion's {old:.6g}: a gain of {gain:.2%}, "
            f"at least {gate.min_gain_share:.2%} wanted",
        ),
        Check(
            name="confidence",
            passed=confidence >= gate.confidence,
            figure=confidence,
            bound=gate.confidence,
            text=f"better in {confidence:.1%} of {gate.bootstrap_resamples:,} resamples, "
            f"at least {gate.confidence:.1%} wanted",
        ),
    ]


def _worst_slice(contest: Contest, champion: FloatArray, gate: Gate) -> list[Check]:
    """The slice on which the challenger loses most; slices of few rows say nothing."""
    losses = {
        name: -_slice_gain(contest, champion, gate.metric, rows)
        for name, rows in contest.slices.items()
        if rows.sum() >= gate.min_slice_rows
    }
    judged = {name: loss for name, loss in losses.items() if not np.isnan(loss)}
    if not judged:
        return []
    worst = max(judged, key=lambda name: judged[name])
    return [
        Check(
            name="worst slice",
            passed=judged[worst] <= gate.max_slice_regression_share,
            figure=judged[worst],
            bound=gate.max_slice_regression_share,
            text=f"on slice {worst} it is {abs(judged[worst]):.2%} "
            f"{'worse' if judged[worst] > 0 else 'better'} than the champion, "
            f"at most {gate.max_slice_regression_share:.2%} worse allowed",
        )
    ]


def _slice_gain(contest: Contest, champion: FloatArray, metric: str, rows: npt.NDArray[np.bool_]) -> float:
    old = metrics_of(contest.task, contest.target[rows], champion[rows]).get(metric)
    new = metrics_of(contest.task, contest.target[rows], contest.challenger[rows]).get(metric)
    if old is None or new is None:
        return float("nan")
    return gain_share(metric, old, new)


def _beats_baseline(contest: Contest, gate: Gate) -> Check:
    new = score(contest, gate.metric, contest.challenger)
    naive = score(contest, gate.metric, contest.baseline)
    gain = gain_share(gate.metric, naive, new)
    return Check(
        name="baseline",
        passed=gain > gate.min_gain_share,
        figure=gain,
        bound=gate.min_gain_share,
        text=f"{gate.metric} {new:.6g} against {naive:.6g} of a model that always says the same: "
        f"a gain of {gain:.2%}, more than {gate.min_gain_share:.2%} wanted",
    )


def _within_bound(contest: Contest, gate: Gate) -> list[Check]:
    bound = gate.first_model_bound
    if bound is None:
        return []
    new = score(contest, gate.metric, contest.challenger)
    upward = higher_is_better(gate.metric)
    return [
        Check(
            name="first model bound",
            passed=new >= bound if upward else new <= bound,
            figure=new,
            bound=bound,
            text=f"the first model's {gate.metric} is {new:.6g}, "
            f"{'at least' if upward else 'at most'} {bound:.6g} wanted",
        )
    ]


def _drift(contest: Contest, gate: Gate) -> list[Check]:
    if not contest.drift:
        return []
    column = max(contest.drift, key=lambda name: contest.drift[name])
    return [
        Check(
            name="drift",
            passed=contest.drift[column] <= gate.max_drift_psi,
            figure=contest.drift[column],
            bound=gate.max_drift_psi,
            text=f"column {column} has moved most since the champion was trained, by a PSI of "
            f"{contest.drift[column]:.3f}, at most {gate.max_drift_psi:g} allowed",
        )
    ]


def _latency(contest: Contest, gate: Gate) -> Check:
    return Check(
        name="latency",
        passed=contest.latency_us <= gate.max_predict_latency_us,
        figure=contest.latency_us,
        bound=gate.max_predict_latency_us,
        text=f"a single row takes {contest.latency_us:,.0f} us, "
        f"at most {gate.max_predict_latency_us:,.0f} us allowed",
    )
