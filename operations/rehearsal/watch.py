"""Watches an execution through Step Functions' history, state by state."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

POLL_SECONDS = 0.25


class RehearsalError(Exception):
    """The story did not go as told; the message says what was expected and what happened."""


@dataclass
class StateRun:
    """One visit to a state: seconds are as the watcher's wall clock saw them."""

    name: str
    entered: float
    seconds: float | None = None
    kind: str = "Task"

    @property
    def waits(self) -> bool:
        """Whether the state only waits, on the cloud's clock."""
        return self.kind == "Wait"

    @property
    def matters(self) -> bool:
        """Whether it does something, or is an end: choices, waits and passes only lead on."""
        return self.kind not in ("Choice", "Wait", "Pass")


@dataclass
class Execution:
    """An execution with what is known of it so far."""

    arn: str
    states: list[StateRun] = field(default_factory=list)
    status: str = "RUNNING"
    output: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    cause: str = ""

    @property
    def outcome(self) -> str:
        """`Promoted`, `ChallengerRejected`, `DatasetRejected`, or the error's class name."""
        return str(self.error or self.output.get("outcome") or self.status)

    def waiting_seconds(self) -> float:
        """Seconds in states that only wait, which last as long as the cloud's clock makes them."""
        return sum(state.seconds or 0.0 for state in self.states if state.waits)

    def total_seconds(self) -> dict[str, float]:
        """Seconds per state, visits added up, in the order of the first visit."""
        totals: dict[str, float] = {}
        for state in self.states:
            totals[state.name] = totals.get(state.name, 0.0) + (state.seconds or 0.0)
        return totals


def find_execution(states: Any, machine_arn: str, key: str, version_id: str, patience_seconds: float) -> str:
    """ARN of the execution that the upload of this object version started; raises RehearsalError."""
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        for item in states.list_executions(stateMachineArn=machine_arn)["executions"]:
            given = json.loads(states.describe_execution(executionArn=item["executionArn"])["input"])
            if _upload(given) == (key, version_id):
                return str(item["executionArn"])
        time.sleep(POLL_SECONDS)
    raise RehearsalError(f"the upload of {key} started no execution within {patience_seconds:.0f} s")


def _upload(given: dict[str, Any]) -> tuple[Any, Any]:
    """Key and version, of the pipeline's own input or of S3's event, which starts a batch."""
    if found := given.get("detail", {}).get("object"):
        return found.get("key"), found.get("version-id")
    return given.get("key"), given.get("versionId")


def watch(
    states: Any, arn: str, on_change: Callable[[Execution], None], patience_seconds: float
) -> Execution:
    """Follow the execution to its end; `on_change` hears of every state entered or left."""
    execution = Execution(arn)
    deadline = time.monotonic() + patience_seconds
    seen = 0
    while execution.status == "RUNNING":
        if time.monotonic() > deadline:
            raise RehearsalError(f"the execution did not end within {patience_seconds:.0f} s: {arn}")
        time.sleep(POLL_SECONDS)
        described = states.describe_execution(executionArn=arn)
        events = _history(states, arn)
        for event in events[seen:]:
            _apply(execution, event)
        if len(events) > seen:
            seen = len(events)
            on_change(execution)
        execution.status = described["status"]
    execution.output = json.loads(described.get("output") or _last_document(states, arn))
    execution.error, execution.cause = described.get("error", ""), described.get("cause", "")
    on_change(execution)
    return execution


def _last_document(states: Any, arn: str) -> str:
    """What a failed execution, which has no output, brought into the last state that it entered."""
    newest = states.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=10)["events"]
    entered = [event["stateEnteredEventDetails"] for event in newest if "stateEnteredEventDetails" in event]
    return str(entered[0].get("input", "{}")) if entered else "{}"


def _history(states: Any, arn: str) -> list[dict[str, Any]]:
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=arn, includeExecutionData=False
    )
    return [event for page in pages for event in page["events"]]


def _apply(execution: Execution, event: dict[str, Any]) -> None:
    kind = event["type"]
    if kind.endswith("StateEntered"):
        name = event["stateEnteredEventDetails"]["name"]
        execution.states.append(StateRun(name, time.monotonic(), kind=kind.removesuffix("StateEntered")))
    elif kind.endswith("StateExited"):
        name = event["stateExitedEventDetails"]["name"]
        for state in reversed(execution.states):
            if state.name == name and state.seconds is None:
                state.seconds = time.monotonic() - state.entered
                break
