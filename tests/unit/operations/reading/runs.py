"""Runs as Step Functions tells of them, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from operations.reading import history
from operations.reading.runs import Run

NOW = datetime(2026, 11, 22, 2, 50, tzinfo=UTC)


class Events:
    """A history, event after event, one second apart."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []

    def add(self, kind: str, *, previous: int | None = None, **details: Any) -> int:
        number = len(self.all) + 1
        event = {
            "id": number,
            "type": kind,
            "timestamp": NOW + timedelta(seconds=number),
            "previousEventId": number - 1 if previous is None else previous,
        }
        self.all.append(event | details)
        return number

    def enter(self, name: str, kind: str = "Task", previous: int | None = None) -> int:
        return self.add(f"{kind}StateEntered", previous=previous, stateEnteredEventDetails={"name": name})

    def leave(self, name: str, kind: str = "Task", previous: int | None = None) -> int:
        return self.add(f"{kind}StateExited", previous=previous, stateExitedEventDetails={"name": name})

    def attempt(self) -> int:
        return self.add("TaskScheduled")

    def fail(self, error: str, cause: str = "") -> int:
        return self.add("TaskFailed", taskFailedEventDetails={"error": error, "cause": cause})


def run(
    status: str = "SUCCEEDED",
    *,
    document: dict[str, Any] | None = None,
    given: dict[str, Any] | None = None,
    error: str = "",
    cause: str = "",
    events: Events | None = None,
) -> Run:
    upload = {"bucket": "raw", "key": "incoming/housing.csv", "versionId": "v1"}
    return Run(
        name="housing-aaa",
        arn="arn:aws:states:us-east-1:111122223333:execution:housing-dev-pipeline:housing-aaa",
        status=status,
        started_at=NOW,
        ended_at=None if status == "RUNNING" else NOW + timedelta(seconds=60),
        given=upload if given is None else given,
        document=document or {},
        error=error,
        cause=cause,
        visits=history.visits(events.all if events else []),
    )
