"""Walks states from a start to an end, and does the states that need nothing but their data.

https://states-language.net/spec.html and the Step Functions developer guide's pages on each state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from localcloud.ministack_adapter import responses, stepfunctions
from localcloud.services.stepfunctions.data import query
from localcloud.services.stepfunctions.data.variables import hold
from localcloud.services.stepfunctions.errors import StatesError
from localcloud.services.stepfunctions.execution.attempts import with_attempts
from localcloud.services.stepfunctions.execution.branches import run_parallel
from localcloud.services.stepfunctions.execution.frame import Frame
from localcloud.services.stepfunctions.execution.history import payload
from localcloud.services.stepfunctions.execution.maps import run_map
from localcloud.services.stepfunctions.execution.task import run_task

State = Mapping[str, Any]
Step = tuple[Any, str | None]
"""A state's output and the next state's name, None at the end."""


def run_states(machine: Mapping[str, Any], value: Any, frame: Frame, start: str | None = None) -> Any:
    """Run a machine's States from StartAt (or `start`) on `value`; the last state's output."""

    name: str | None = start or machine["StartAt"]
    while name is not None:
        frame.execution.check()
        state = machine["States"][name]
        if frame.top:
            frame.execution.keep_progress(name, value, frame.variables)
        frame.context["State"] = {"EnteredTime": responses.now_iso(), "Name": name, "RetryCount": 0}
        kind = state["Type"]
        if not frame.entered:
            frame.event(f"{kind}StateEntered", "stateEnteredEventDetails", **_data("input", name, value))
        frame.entered = False
        value, following = _evaluating(state, name, value, frame)
        hold(name, value)
        frame.event(f"{kind}StateExited", "stateExitedEventDetails", **_data("output", name, value))
        name = following
    return value


def _data(which: str, name: str, value: Any) -> dict[str, Any]:
    return {"name": name, which: payload(value), f"{which}Details": {"truncated": False}}


def _evaluating(state: State, name: str, value: Any, frame: Frame) -> Step:
    try:
        return _STATES[state["Type"]](state, value, frame)
    except StatesError as error:
        if error.error == "States.QueryEvaluationError":
            frame.event(
                "EvaluationFailed",
                "evaluationFailedEventDetails",
                error=error.error,
                cause=error.cause,
                state=name,
            )
        raise


def do_state(state: State, value: Any, frame: Frame) -> Step:
    """One state on its input: its output and the next state's name; StatesError when it fails."""
    return _STATES[state["Type"]](state, value, frame)


def _following(state: State) -> str | None:
    return None if state.get("End") else state.get("Next")


def _pass(state: State, value: Any, frame: Frame) -> Step:
    if query.is_jsonata(state, frame):
        made = query.fill(state["Output"], value, frame) if "Output" in state else value
        query.assign(state, value, frame)
        return made, _following(state)
    effective = query.arguments(state, value, frame)
    return query.output(state, value, state.get("Result", effective), frame), _following(state)


def _succeed(state: State, value: Any, frame: Frame) -> Step:
    if query.is_jsonata(state, frame):
        return (query.fill(state["Output"], value, frame) if "Output" in state else value), None
    return query.output(state, value, query.arguments(state, value, frame), frame), None


def _fail(state: State, value: Any, frame: Frame) -> Step:
    if query.is_jsonata(state, frame):
        error = query.field(state, "Error", "string", value, frame) if "Error" in state else ""
        cause = query.field(state, "Cause", "string", value, frame) if "Cause" in state else ""
        raise StatesError(error, cause)

    raise StatesError(*stepfunctions.fail_state_error(state, value, frame.context))


def _choice(state: State, value: Any, frame: Frame) -> Step:
    if not query.is_jsonata(state, frame):
        return _choice_by_path(state, value, frame)
    for rule in state["Choices"]:
        if query.field({**rule, "QueryLanguage": "JSONata"}, "Condition", "boolean", value, frame):
            return _chosen(rule, value, frame), rule["Next"]
    if "Default" not in state:
        raise StatesError("States.NoChoiceMatched", f"No choice of {frame.context['State']['Name']} matched.")
    return _chosen(state, value, frame), state["Default"]


def _chosen(rule: State, value: Any, frame: Frame) -> Any:
    """The output of the rule that decided; Assign sees the same input."""
    jsonata = {**rule, "QueryLanguage": "JSONata"}
    made = query.fill(rule["Output"], value, frame) if "Output" in rule else value
    query.assign(jsonata, value, frame)
    return made


def _choice_by_path(state: State, value: Any, frame: Frame) -> Step:

    effective = stepfunctions.apply_input_path(state, value, frame.context)
    for rule in state["Choices"]:
        if stepfunctions.evaluate_rule(rule, effective, frame.context):
            return stepfunctions.apply_output_path(state, effective, frame.context), rule["Next"]
    if "Default" not in state:
        raise StatesError("States.NoChoiceMatched", f"No choice of {frame.context['State']['Name']} matched.")
    return stepfunctions.apply_output_path(state, effective, frame.context), state["Default"]


def _wait(state: State, value: Any, frame: Frame) -> Step:
    frame.execution.pause(_wait_seconds(state, value, frame))
    if query.is_jsonata(state, frame):
        made = query.fill(state["Output"], value, frame) if "Output" in state else value
        query.assign(state, value, frame)
        return made, _following(state)
    return query.output(state, value, query.arguments(state, value, frame), frame), _following(state)


def _wait_seconds(state: State, value: Any, frame: Frame) -> float:
    """Cloud seconds: a Timestamp is as far away as it is from now on the wall."""

    if "SecondsPath" in state:
        return float(stepfunctions.resolve_path(state["SecondsPath"], value))
    if "Seconds" in state:
        seconds = query.field(state, "Seconds", "number", value, frame)
        if seconds < 0 or int(seconds) != seconds:
            raise StatesError(
                "States.QueryEvaluationError",
                f"Seconds must be a whole number from 0, not {json.dumps(seconds)}",
            )
        return float(seconds)
    if "TimestampPath" in state:
        stamp = stepfunctions.resolve_path(state["TimestampPath"], value)
    else:
        stamp = query.field(state, "Timestamp", "string", value, frame)
    try:
        until = datetime.fromisoformat(str(stamp))
        return until.timestamp() - frame.execution.wall_now()
    except ValueError:
        raise StatesError(
            "States.QueryEvaluationError", f"The Timestamp is not ISO 8601 with an offset: {stamp}"
        ) from None


def _task(state: State, value: Any, frame: Frame) -> Step:
    return with_attempts(state, value, frame, lambda: run_task(state, value, frame))


def _parallel(state: State, value: Any, frame: Frame) -> Step:
    return with_attempts(state, value, frame, lambda: run_parallel(state, value, frame, run_states))


def _map(state: State, value: Any, frame: Frame) -> Step:
    return with_attempts(state, value, frame, lambda: run_map(state, value, frame, run_states))


_STATES: dict[str, Callable[[State, Any, Frame], Step]] = {
    "Pass": _pass,
    "Succeed": _succeed,
    "Fail": _fail,
    "Choice": _choice,
    "Wait": _wait,
    "Task": _task,
    "Parallel": _parallel,
    "Map": _map,
}
