"""Whether the challenger replaces the champion: all checks together. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.training import Gate
from lambdas.evaluate_model.bootstrap import resampled_gains
from lambdas.evaluate_model.checks import Check, Contest, Judgement
from scoring.constants import constant_answers
from scoring.figures import FloatArray
from scoring.metrics import figure_of


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All checks must pass; `reason` is a sentence for people. `gains` are the bootstrap's, (resamples,)."""

    promote: bool
    reason: str
    checks: tuple[Check, ...]
    gains: FloatArray = field(repr=False, compare=False)


def compare(contest: Contest, gate: Gate) -> Verdict:
    """The verdict with every check that applies; raises EvaluationError where the metric has no value."""
    rival = contest.champion
    if rival is None:
        rival = constant_answers(gate.metric, contest.target, contest.challenger)
    judged = Judgement(contest, gate, figure_of(gate.metric)(contest.target, rival))
    gains = resampled_gains(
        gate.metric, judged.rival, judged.challenger, len(contest.target), gate.bootstrap_resamples
    )
    if contest.champion is None:
        checks = [judged.beats_constant(), judged.confidence(gains, 0.0), *judged.within_bound()]
    else:
        checks = [judged.gain(), judged.confidence(gains, gate.min_gain_share)]
        checks += [*judged.worst_slice(), *judged.worst_drift()]
    checks += [judged.parity(), judged.latency()]
    failed = [check for check in checks if not check.passed]
    reason = "; ".join(check.explanation for check in failed or checks[:2])
    return Verdict(promote=not failed, reason=reason, checks=tuple(checks), gains=gains)
