"""The Step Functions operations that ministack lacks or does otherwise than AWS."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from localcloud.ministack_adapter import responses, stepfunctions
from localcloud.services.stepfunctions import measures, roles, trial
from localcloud.services.stepfunctions.definitions import validation
from localcloud.services.stepfunctions.execution.engine import Engine
from localcloud.services.stepfunctions.execution.execution import new_record

_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}\Z")
_MAX_INPUT_BYTES = 262_144
_REDRIVE_SECONDS = 14 * 24 * 3600
Response = tuple[int, dict[str, str], bytes]


class Api:
    """Request documents in, ministack's response tuples out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._module = stepfunctions
        self._describe = stepfunctions.describe_execution
        self._create = stepfunctions.create_state_machine
        self._update = stepfunctions.update_state_machine

    def create_state_machine(self, data: dict[str, Any]) -> Response:
        """Refuse a bad definition or a role that cannot run it, then create."""
        refused = self._refusal(
            data.get("name", ""),
            data.get("definition", ""),
            data.get("roleArn", ""),
            data.get("loggingConfiguration"),
        )
        answer: Response = refused or self._create(data)
        return answer

    def update_state_machine(self, data: dict[str, Any]) -> Response:
        """Refuse what create would refuse, then update."""
        existing = self._module.state_machines.get(data.get("stateMachineArn"))
        if existing is not None:
            merged = {**existing, **{name: value for name, value in data.items() if value is not None}}
            refused = self._refusal(
                merged["name"], merged["definition"], merged["roleArn"], merged.get("loggingConfiguration")
            )
            if refused:
                return refused
        answer: Response = self._update(data)
        return answer

    def validate(self, data: dict[str, Any]) -> Response:
        """ValidateStateMachineDefinition."""
        found = validation.problems(data.get("definition", ""))
        diagnostics = [_diagnostic(problem) for problem in found]
        return _answer({"result": "FAIL" if found else "OK", "diagnostics": diagnostics, "truncated": False})

    def start_execution(self, data: dict[str, Any]) -> Response:
        """StartExecution: idempotent by name for the same input while the execution runs.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
        """
        asked = str(data.get("stateMachineArn", ""))
        machine_arn = self._module.resolve_state_machine_arn(asked)
        if machine_arn is None:
            return _error("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{asked}'")
        name, value = data.get("name") or _uuid(), data.get("input") or "{}"
        if not _NAME.match(name):
            return _error("InvalidName", f"Invalid Name: '{name}'")
        problem = _input_problem(value)
        if problem:
            return _error("InvalidExecutionInput", problem)
        machine = self._machine(machine_arn, asked)
        arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        existing = self._module.executions.get(arn)
        if existing is not None:
            if existing["status"] == "RUNNING" and existing["input"] == value:
                return _answer({"executionArn": arn, "startDate": existing["startDate"]})
            return _error("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        record = new_record(arn, machine_arn, name, value, machine["roleArn"])
        self._module.executions[arn] = record
        self._module.emit_execution_status_event(record)
        measures.record_start(self._engine.cloud, record)
        self._engine.start(record, machine)
        return _answer({"executionArn": arn, "startDate": record["startDate"]})

    def run_now(self, arn: str) -> None:
        """Run an execution that StartSyncExecution has recorded."""
        record = self._module.executions[arn]
        for event in record["events"]:
            event.setdefault("previousEventId", 0)
        self._engine.run(record, self._machine(record["stateMachineArn"], record["stateMachineArn"]))

    def test_state(self, data: dict[str, Any]) -> Response:
        """TestState."""
        try:
            return _answer(trial.try_state(self._engine, data))
        except trial.TrialError as error:
            return _error(error.code, str(error))

    def stop_execution(self, data: dict[str, Any]) -> Response:
        """StopExecution: stopping what has ended answers as it did."""
        record = self._module.executions.get(data.get("executionArn"))
        if record is None:
            return _error("ExecutionDoesNotExist", f"Execution Does Not Exist: '{data.get('executionArn')}'")
        if record["status"] == "RUNNING":
            self._engine.stop(record, data.get("error"), data.get("cause"))
        return _answer({"stopDate": record["stopDate"]})

    def describe_execution(self, data: dict[str, Any]) -> Response:
        """DescribeExecution, with its redrive fields; only a success has an output."""
        status, headers, body = self._describe(data)
        if status != 200:
            return status, headers, body
        described = json.loads(body)
        record = self._module.executions[data["executionArn"]]
        if described["status"] != "SUCCEEDED":
            described.pop("output", None)
            described.pop("outputDetails", None)
        described.update(_redrive_fields(record))
        return _answer({name: value for name, value in described.items() if value is not None})

    def redrive_execution(self, data: dict[str, Any]) -> Response:
        """RedriveExecution: continue an unsuccessful execution at the state that failed.

        https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
        """

        arn = data.get("executionArn")
        record = self._module.executions.get(arn)
        if record is None:
            return _error("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        redrive = _redrive_fields(record)
        if redrive["redriveStatus"] != "REDRIVABLE":
            return _error("ExecutionNotRedrivable", redrive["redriveStatusReason"])
        for name in ("error", "cause", "output"):
            record[name] = None
        for waited in ("job", "token"):
            record.get("progress", {}).pop(waited, None)
        record.update(
            status="RUNNING",
            stopDate=None,
            redriveCount=record.get("redriveCount", 0) + 1,
            redriveDate=responses.now_iso(),
        )
        record["events"].append(
            {
                "id": len(record["events"]) + 1,
                "type": "ExecutionRedriven",
                "timestamp": record["redriveDate"],
                "previousEventId": len(record["events"]),
                "executionRedrivenEventDetails": {"redriveCount": record["redriveCount"]},
            }
        )
        self._engine.start(record, record["machine"])
        return _answer({"redriveDate": record["redriveDate"]})

    def _machine(self, arn: str, asked: str) -> dict[str, Any]:
        machine = self._module.state_machines[arn]
        version = self._module.state_machine_versions.get(self._module.execution_version_arn(asked)) or {}
        names = ("definition", "roleArn", "loggingConfiguration", "type")
        own = {name: version.get(name, machine.get(name)) for name in names}
        return {"stateMachineArn": arn, "name": machine["name"], **own}

    def _refusal(
        self, name: str, definition: str, role_arn: str, logging: dict[str, Any] | None
    ) -> Response | None:
        found = refusal(self._engine, name, definition, role_arn, logging)
        return _error(*found) if found else None


def refusal(
    engine: Engine, name: str, definition: str, role_arn: str, logging: dict[str, Any] | None
) -> tuple[str, str] | None:
    """The error code and message with which AWS refuses to create this machine, or None."""
    found = validation.problems(definition)
    if found:
        return "InvalidDefinition", f"Invalid State Machine Definition: '{', '.join(found)}'"
    try:
        machine_arn = f"arn:aws:states:{engine.cloud.region}:{engine.cloud.account}:stateMachine:{name}"
        roles.check_role(engine.cloud, role_arn, machine_arn, definition, logging or {})
    except roles.RoleRefusedError as error:
        return "AccessDeniedException", str(error)
    return None


def _input_problem(value: str) -> str | None:
    if len(value.encode()) > _MAX_INPUT_BYTES:
        return f"Invalid State Machine Execution Input: 'longer than {_MAX_INPUT_BYTES} bytes'"
    try:
        json.loads(value)
    except ValueError as error:
        return f"Invalid State Machine Execution Input: '{error}'"
    return None


def _redrive_fields(record: dict[str, Any]) -> dict[str, Any]:
    fields = {"redriveCount": record.get("redriveCount", 0), "redriveDate": record.get("redriveDate")}
    reason = None
    if record["status"] in ("RUNNING", "SUCCEEDED"):
        reason = f"Execution is {record['status']} and cannot be redriven"
    elif "progress" not in record:
        reason = "Execution entered no state and cannot be redriven"
    elif record.get("stopDate") and _age_seconds(record["stopDate"]) > _REDRIVE_SECONDS:
        reason = "Execution ended more than 14 days ago and cannot be redriven"
    if reason is None:
        return {**fields, "redriveStatus": "REDRIVABLE"}
    return {**fields, "redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}


def _age_seconds(stamp: str) -> float:
    return time.time() - datetime.fromisoformat(stamp).timestamp()


def _diagnostic(problem: str) -> dict[str, str]:
    code, _, message = problem.partition(": ")
    text, _, location = message.rpartition(" at ")
    return {"severity": "ERROR", "code": code, "message": text or message, "location": location or "/"}


def _answer(document: dict[str, Any]) -> Response:

    response: Response = responses.json_response(document)
    return response


def _error(code: str, message: str) -> Response:

    response: Response = responses.error_response_json(code, message, 400)
    return response


def _uuid() -> str:

    return str(responses.new_uuid())


Operation = Callable[[dict[str, Any]], Response]
