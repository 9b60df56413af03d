"""Whether a retraining is due. Pure: times are passed in.

Drift alone deploys nothing: a retraining passes the gate like any upload. What bounds it is here, so that
drift that no retraining cures does not train every hour for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.monitoring import Retraining
from lambdas.publish_monitoring.ledger import Started

DRIFT, DECAY, SCHEDULE = "drift", "decay", "schedule"
PROMOTED, RUNNING = "Promoted", "RUNNING"
_NOT_JUDGED = ("", RUNNING, "Superseded")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What speaks for a retraining: the verdicts, the rows it would add, and when the champion took over."""

    drifted: bool
    decayed: bool
    new_rows: int
    champion_since: datetime


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`cause` is empty where nothing asks for a retraining; `stamp` is that of one that was begun already."""

    is_due: bool
    is_stopped: bool
    cause: str
    reason: str
    stamp: str = ""


def decide(policy: Retraining, seen: Seen, started: Sequence[Started], now: datetime) -> Decision:
    """`started` are all retrainings, the last first."""
    if unfinished := next((one for one in started[:1] if not one.is_uploaded), None):
        return Decision(
            is_due=True,
            is_stopped=False,
            cause=unfinished.cause,
            reason=f"the retraining {unfinished.stamp} was begun, and its rows were never uploaded",
            stamp=unfinished.stamp,
        )
    cause = _cause(policy, seen, started, now)
    if not cause:
        return _not_due("", "nothing asks for one" if policy.enabled else "retraining is switched off")
    rejected = _rejected_in_a_row(started, seen.champion_since)
    if rejected >= policy.stop_after_rejected:
        return Decision(
            is_due=False,
            is_stopped=True,
            cause=cause,
            reason=f"{cause} asks for one, and the last {rejected} did not pass the gate: a person decides. "
            "A promoted upload starts the count again",
        )
    if held := _held_back(policy, seen, started, now):
        return _not_due(cause, f"{cause} asks for one, but {held}")
    return Decision(
        is_due=True, is_stopped=False, cause=cause, reason=f"{cause}, with {seen.new_rows} new labelled rows"
    )


def _not_due(cause: str, reason: str) -> Decision:
    return Decision(is_due=False, is_stopped=False, cause=cause, reason=reason)


def _cause(policy: Retraining, seen: Seen, started: Sequence[Started], now: datetime) -> str:
    if not policy.enabled:
        return ""
    if policy.on_decay and seen.decayed:
        return DECAY
    if policy.on_drift and seen.drifted:
        return DRIFT
    last = max([seen.champion_since, *(one.at for one in started[:1])])
    if policy.every_days and now - last >= timedelta(days=policy.every_days):
        return SCHEDULE
    return ""


def _held_back(policy: Retraining, seen: Seen, started: Sequence[Started], now: datetime) -> str:
    if seen.new_rows < policy.min_new_rows:
        return f"{seen.new_rows} new labelled rows are fewer than the {policy.min_new_rows} of min_new_rows"
    if started and started[0].outcome == RUNNING:
        return f"{started[0].stamp} is still under way"
    cooled = timedelta(hours=policy.cooldown_hours)
    if started and now - started[0].at < cooled:
        return f"the last, {started[0].stamp}, is less than {policy.cooldown_hours} hours ago"
    week = sum(1 for one in started if now - one.at < timedelta(days=7))
    if week >= policy.max_per_week:
        return f"{week} were started within a week, and max_per_week is {policy.max_per_week}"
    return ""


def _rejected_in_a_row(started: Sequence[Started], champion_since: datetime) -> int:
    """Since one was promoted, or a person's upload was."""
    count = 0
    for one in started:
        if one.outcome == PROMOTED or one.at < champion_since:
            break
        count += one.outcome not in _NOT_JUDGED
    return count
