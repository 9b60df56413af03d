"""TestState: one state, done once in a role, without a state machine.

API reference, TestState; developer guide, "Testing state machines with TestState". Inspection is at level
INFO; mocks, and what needs them, are refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.iam.sessions import RoleNotAssumableError
from localcloud.services.stepfunctions.data import query
from localcloud.services.stepfunctions.definitions import validation
from localcloud.services.stepfunctions.errors import StatesError, matches
from localcloud.services.stepfunctions.execution.engine import Engine
from localcloud.services.stepfunctions.execution.execution import Execution, new_record
from localcloud.services.stepfunctions.execution.frame import Frame
from localcloud.services.stepfunctions.execution.machine import do_state

_NAME = "TestedState"
_REFUSED = ("mock", "stateConfiguration", "variables", "revealSecrets")
_PATTERNS = (".sync", ".waitForTaskToken")
State = Mapping[str, Any]


class TrialError(Exception):
    """The request is refused; `code` is AWS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def try_state(engine: Engine, data: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of TestState; TrialError for a request that is refused."""
    state, language = _state(data)
    value = _json(data.get("input", "{}"), "InvalidExecutionInput", "input")
    frame = _frame(engine, data, state, language, value)
    once = {name: part for name, part in state.items() if name not in ("Retry", "Catch")}
    try:
        output, following = do_state(once, value, frame)
    except StatesError as error:
        return _failed(error, state, value, frame)
    answer = {"status": "SUCCEEDED", "output": json.dumps(output)}
    return {**answer, "nextState": following} if following else answer


def _state(data: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The state that is asked for and its language; checked as a machine of it alone would be."""
    for name in _REFUSED:
        if data.get(name) is not None:
            raise TrialError("ValidationException", f"The embedded cloud's TestState does not offer {name}")
    if data.get("inspectionLevel", "INFO") != "INFO":
        raise TrialError("ValidationException", "The embedded cloud's TestState inspects at level INFO alone")
    given = _json(data.get("definition") or "", "InvalidDefinition", "definition")
    if "States" in given:
        asked = data.get("stateName")
        if asked not in given["States"]:
            raise TrialError("ValidationException", f"The definition has no state '{asked}'")
        language, state = given.get("QueryLanguage", "JSONPath"), given["States"][asked]
    else:
        language, state = given.get("QueryLanguage", "JSONPath"), given
    language = str(state.get("QueryLanguage", language))
    if state.get("Type") in ("Map", "Parallel"):
        raise TrialError(
            "ValidationException", "A Map or Parallel is tested with a mock, which is not offered"
        )
    if any(pattern in str(state.get("Resource", "")) for pattern in _PATTERNS):
        raise TrialError("ValidationException", ".sync and .waitForTaskToken are tested with a mock alone")
    found = validation.problems(_alone(state, language))
    if found:
        raise TrialError("InvalidDefinition", f"Invalid State Machine Definition: '{', '.join(found)}'")
    return dict(state), language


def _alone(state: State, language: str) -> str:
    """A machine of this state, each of whose successors ends it."""
    others = {name: {"Type": "Succeed"} for name in validation.targets(state) if name != _NAME}
    machine = {"QueryLanguage": language, "StartAt": _NAME, "States": {_NAME: state, **others}}
    return json.dumps(machine)


def _frame(engine: Engine, data: Mapping[str, Any], state: State, language: str, value: Any) -> Frame:
    arn = f"arn:aws:states:{engine.cloud.region}:{engine.cloud.account}:stateMachine:{_NAME}"
    role = str(data.get("roleArn") or "")
    machine = {"stateMachineArn": arn, "name": _NAME, "roleArn": role, "definition": _alone(state, language)}
    calls: Any = None
    if state["Type"] == "Task":
        if not role:
            raise TrialError("ValidationException", "A Task is tested in a role: roleArn is missing")
        try:
            calls = engine.calls_of(role, arn)
        except RoleNotAssumableError as error:
            raise TrialError("AccessDeniedException", str(error)) from error
    execution_arn = arn.replace(":stateMachine:", ":execution:") + ":test"
    record = new_record(execution_arn, arn, "test", json.dumps(value), role)
    execution = Execution(engine.cloud, record, machine, calls, lambda event: None)
    given = _json(data.get("context") or "{}", "ValidationException", "context")
    context = {**execution.context(), **given, "State": {"Name": _NAME, "RetryCount": 0}}
    return Frame(execution=execution, language=language, context=context)


def _failed(error: StatesError, state: State, value: Any, frame: Frame) -> dict[str, Any]:
    """A failure that the state would retry, catch, or pass on."""
    told = {"error": error.error, "cause": error.cause}
    if any(matches(retrier["ErrorEquals"], error.error) for retrier in state.get("Retry", [])):
        return {"status": "RETRIABLE", **told}
    for catcher in state.get("Catch", []):
        if matches(catcher["ErrorEquals"], error.error):
            output = json.dumps(query.caught(catcher, value, error, state, frame))
            return {"status": "CAUGHT_ERROR", "nextState": catcher["Next"], "output": output, **told}
    return {"status": "FAILED", **told}


def _json(text: str, code: str, what: str) -> Any:
    try:
        found = json.loads(text)
    except (TypeError, ValueError) as error:
        raise TrialError(code, f"The {what} is not JSON: {error}") from None
    if what != "input" and not isinstance(found, dict):
        raise TrialError(code, f"The {what} must be a JSON object")
    return found
