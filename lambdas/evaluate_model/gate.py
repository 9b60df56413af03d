"""Whether the challenger replaces the champion: all checks together. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.training import Gate
from lambdas.evaluate_model.bootstrap import gain_of, resampled_gains
from lambdas.evaluate_model.checks import Check, Contest, Judgement
from lambdas.evaluate_model.collapse import collapse
from scoring.figures import Figure, FloatArray, overall

# How it ends; the state machine's choices read these very words.
BETTER, REJECTED = "ChallengerBetter", "ChallengerRejected"
NOT_COMPARABLE, COLLAPSED = "NotComparable", "ChampionCollapsed"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All checks must pass; `reason` is a sentence for people. `gains` are the bootstrap's, (resamples,).

    Of the outcomes, two are for a person to decide: models that no rows are new to both of, and a champion
    that is no more what it was when it passed.
    """

    promote: bool
    outcome: str
    reason: str
    checks: tuple[Check, ...]
    gains: FloatArray = field(repr=False, compare=False)


def compare(contest: Contest, gate: Gate) -> Verdict:
    """The verdict with every check that applies; raises EvaluationError where the metric has no value."""
    constant, champion = contest.constant(gate.metric), None
    if contest.champion is not None:
        champion = contest.figure(gate.metric, contest.champion, contest.champion_threshold)
    judged = Judgement(contest, gate, champion or constant, constant)

    def gains_over(old: Figure, new: Figure) -> FloatArray:
        return resampled_gains(gate.metric, old, new, len(contest.target), gate.bootstrap_resamples)

    gains = gains_over(judged.rival, judged.challenger)
    if champion is None:
        checks = [*judged.comparison(), judged.beats_constant(), judged.confidence(gains, 0.0)]
        checks += [] if contest.incomparable else judged.within_bound()
        fallen = ""
    else:
        checks = [judged.gain(), judged.confidence(gains, gate.min_gain_share), judged.beats_constant()]
        checks += [judged.surely_beats_constant(gains_over(constant, judged.challenger))]
        checks += [*judged.worst_slice(), *judged.worst_drift()]
        fallen = _collapse(contest, gate, champion, constant, gains_over(constant, champion))
    checks += [*judged.size(), *judged.leak(), judged.parity(), judged.latency()]
    return _verdict(checks, gains, contest.incomparable, fallen)


def _collapse(contest: Contest, gate: Gate, champion: Figure, constant: Figure, resampled: FloatArray) -> str:
    size = len(contest.target)
    advantage = gain_of(gate.metric, overall(constant, size), overall(champion, size))
    return collapse(advantage, resampled, contest.recorded_advantage, size)


def _verdict(checks: list[Check], gains: FloatArray, incomparable: str, fallen: str) -> Verdict:
    failed = [check for check in checks if not check.passed]
    reason = "; ".join(check.explanation for check in failed or checks[:2])
    outcome = REJECTED if failed else BETTER
    if [check.name for check in failed] == ["comparison"]:
        outcome, reason = NOT_COMPARABLE, incomparable
    if fallen:
        outcome, reason = COLLAPSED, fallen
    return Verdict(
        promote=outcome == BETTER, outcome=outcome, reason=reason, checks=tuple(checks), gains=gains
    )
