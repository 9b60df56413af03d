"""What Step Functions refuses in lists, task tokens and synchronous starts, and what it does not.

API reference: ListExecutions, ListStateMachines, SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat,
StartSyncExecution, DeleteStateMachine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_TOKEN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_MAX_BYTES = 262_144
_LISTS = (
    "list_state_machines",
    "list_activities",
    "list_state_machine_versions",
    "list_state_machine_aliases",
)
Handler = Callable[[dict[str, Any]], Any]


def install(stepfunctions: Any) -> None:
    """Put the checks before ministack's handlers."""
    refuse = stepfunctions.error_response_json
    for name in ("send_task_success", "send_task_failure", "send_task_heartbeat"):
        setattr(stepfunctions, name, _with_token(getattr(stepfunctions, name), stepfunctions, refuse))
    for name in _LISTS:
        setattr(stepfunctions, name, _with_page(getattr(stepfunctions, name), refuse))
    stepfunctions.delete_state_machine = _idempotent(stepfunctions.delete_state_machine, stepfunctions)
    stepfunctions.list_executions = _of_one_machine(stepfunctions.list_executions, stepfunctions, refuse)
    stepfunctions.start_sync_execution = _express_only(
        stepfunctions.start_sync_execution, stepfunctions, refuse
    )


def _with_token(handler: Handler, stepfunctions: Any, refuse: Any) -> Handler:
    """A token that was never given is invalid; one whose task has ended has timed out."""

    def checked(data: dict[str, Any]) -> Any:
        token = str(data.get("taskToken") or "")
        if not _TOKEN.match(token):
            return refuse("InvalidToken", "Invalid Token: 'Invalid token'", 400)
        if token not in stepfunctions.task_tokens:
            return refuse("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'", 400)
        if "output" in data and not _is_output(data["output"]):
            return refuse("InvalidOutput", "Invalid Output: 'The output is not JSON of 262144 bytes'", 400)
        return handler(data)

    return checked


def _is_output(text: Any) -> bool:
    try:
        json.loads(text)
    except (TypeError, ValueError):
        return False
    return len(str(text).encode()) <= _MAX_BYTES


def _with_page(handler: Handler, refuse: Any) -> Handler:
    """ministack's tokens are positions; what is none was never given."""

    def checked(data: dict[str, Any]) -> Any:
        token = data.get("nextToken")
        if token is not None and not str(token).isdecimal():
            return refuse("InvalidToken", "Invalid Token: 'Invalid token'", 400)
        return handler(data)

    return checked


def _idempotent(handler: Handler, stepfunctions: Any) -> Handler:
    """DeleteStateMachine knows no error for a machine that is not there."""

    def checked(data: dict[str, Any]) -> Any:
        there = data.get("stateMachineArn") in stepfunctions.state_machines
        return handler(data) if there else stepfunctions.json_response({})

    return checked


def _of_one_machine(handler: Handler, stepfunctions: Any, refuse: Any) -> Handler:
    def checked(data: dict[str, Any]) -> Any:
        machine, map_run = data.get("stateMachineArn"), data.get("mapRunArn")
        if bool(machine) == bool(map_run):
            return refuse(
                "ValidationException", "Exactly one of stateMachineArn and mapRunArn must be given.", 400
            )
        if machine and stepfunctions.resolve_state_machine_arn(machine) is None:
            return refuse("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine}'", 400)
        return handler(data)

    return checked


def _express_only(handler: Handler, stepfunctions: Any, refuse: Any) -> Handler:
    """StartSyncExecution is for EXPRESS machines."""

    def checked(data: dict[str, Any]) -> Any:
        asked = str(data.get("stateMachineArn") or "")
        arn = stepfunctions.resolve_state_machine_arn(asked)
        if arn is None:
            return refuse("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{asked}'", 400)
        if stepfunctions.state_machines[arn]["type"] != "EXPRESS":
            return refuse(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
                400,
            )
        return handler(data)

    return checked
