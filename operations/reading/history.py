"""An execution's history, event by event, folded into visits to states.

Step Functions API Reference, `HistoryEvent`: what entered, failed and left, each after another event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One visit to a state. `left_at` is None while it goes on; `attempts` counts what was tried; `error` and
    `cause` are of its last failure, whether or not a retry mended it (`failed` where none did)."""

    state: str
    kind: str
    entered_at: datetime
    left_at: datetime | None = None
    attempts: int = 0
    error: str = ""
    cause: str = ""
    failed: bool = False

    @property
    def seconds(self) -> float | None:
        return None if self.left_at is None else (self.left_at - self.entered_at).total_seconds()


_ATTEMPT_BEGINS = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
# Where each kind of failure keeps its words.
_FAILURES = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "TaskSubmitFailed": "taskSubmitFailedEventDetails",
    "TaskStartFailed": "taskStartFailedEventDetails",
    "LambdaFunctionFailed": "lambdaFunctionFailedEventDetails",
    "LambdaFunctionTimedOut": "lambdaFunctionTimedOutEventDetails",
    "LambdaFunctionScheduleFailed": "lambdaFunctionScheduleFailedEventDetails",
    "LambdaFunctionStartFailed": "lambdaFunctionStartFailedEventDetails",
    "ActivityFailed": "activityFailedEventDetails",
    "ActivityTimedOut": "activityTimedOutEventDetails",
    "MapRunFailed": "mapRunFailedEventDetails",
    "EvaluationFailed": "evaluationFailedEventDetails",
}


def visits(events: Iterable[Mapping[str, Any]]) -> tuple[Visit, ...]:
    """In the order in which the states were entered."""
    found: list[Visit] = []
    owner: dict[int, int] = {}  # which visit an event belongs to, by the chain of events before it
    for event in events:
        kind, at = str(event["type"]), event["timestamp"]
        visit = owner.get(int(event.get("previousEventId", 0)))
        if kind.endswith("StateEntered"):
            name = str(event["stateEnteredEventDetails"]["name"])
            found.append(Visit(state=name, kind=kind.removesuffix("StateEntered"), entered_at=at))
            visit = len(found) - 1
        elif kind.endswith("StateExited"):
            name = str(event["stateExitedEventDetails"]["name"])
            visit = _open(found, name, visit)
            if visit is not None:
                found[visit] = replace(found[visit], left_at=at)
        elif kind in _ATTEMPT_BEGINS and visit is not None:
            found[visit] = replace(found[visit], attempts=found[visit].attempts + 1, failed=False)
        elif kind in _FAILURES and visit is not None:
            details = event.get(_FAILURES[kind], {})
            found[visit] = replace(
                found[visit],
                error=str(details.get("error", "States.Timeout" if "TimedOut" in kind else "")),
                cause=str(details.get("cause", "")),
                failed=True,
            )
        elif kind in ("TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded", "MapRunSucceeded"):
            if visit is not None:
                found[visit] = replace(found[visit], failed=False)
        elif kind in ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"):
            found = [_ended(item, at) for item in found]
        if visit is not None:
            owner[int(event["id"])] = visit
    return tuple(found)


def _open(found: list[Visit], name: str, guess: int | None) -> int | None:
    """The visit that this exit ends: the one that the events lead to, else the newest of that name."""
    if guess is not None and found[guess].state == name:
        return guess
    still = [i for i, visit in enumerate(found) if visit.state == name and visit.left_at is None]
    return still[-1] if still else None


def _ended(visit: Visit, at: datetime) -> Visit:
    """What the execution's own end cut off."""
    return visit if visit.left_at is not None else replace(visit, left_at=at)
