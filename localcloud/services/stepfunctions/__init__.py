"""Step Functions: an interpreter of the States Language whose every call is made in the machine's role.

It replaces ministack's interpreter and keeps its store, so Describe, List and the history are ministack's.
"""

from __future__ import annotations

import json
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import provisioners
from localcloud.services.stepfunctions import refusals
from localcloud.services.stepfunctions.api import Api, refusal
from localcloud.services.stepfunctions.execution.engine import Engine


def install(cloud: Cloud) -> None:
    """Put the interpreter in place of ministack's."""
    from localcloud.ministack_adapter import stepfunctions

    engine = Engine(cloud)
    api = Api(engine)
    stepfunctions.create_state_machine = api.create_state_machine
    stepfunctions.update_state_machine = api.update_state_machine
    stepfunctions.validate_state_machine_definition = api.validate
    stepfunctions.start_execution = api.start_execution
    stepfunctions.stop_execution = api.stop_execution
    stepfunctions.describe_execution = api.describe_execution
    stepfunctions.run_execution = api.run_now
    stepfunctions.test_state = api.test_state
    refusals.install(stepfunctions)
    stepfunctions.handle_request = _with_redrive(stepfunctions.handle_request, api, stepfunctions)
    stepfunctions.load_persisted_state = _keeping_running(stepfunctions.load_persisted_state)
    _check_template_machines(engine)
    cloud.on_started(engine.resume)
    cloud.on_shutdown(engine.freeze)


def _with_redrive(handle_request: Any, api: Api, stepfunctions: Any) -> Any:
    """RedriveExecution is not among ministack's operations."""

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            return stepfunctions.finalize_response(api.redrive_execution(json.loads(body or b"{}")))
        return await handle_request(method, path, headers, body, query)

    return handle


def _keeping_running(load: Any) -> Any:
    """ministack fails what ran when it ended; here it continues."""

    def load_persisted_state(data: dict[str, Any]) -> None:
        executions = data.get("executions")
        records = list(executions.all_values()) if executions else []
        running = [record for record in records if record["status"] == "RUNNING"]
        load(data)
        for record in running:
            record.update(status="RUNNING", stopDate=None, error=None, cause=None)

    return load_persisted_state


def _check_template_machines(engine: Engine) -> None:
    """CloudFormation's machines are checked as the API's are: a bad one fails its resource."""

    handler = provisioners.RESOURCE_HANDLERS["AWS::StepFunctions::StateMachine"]
    create, update = handler["create"], handler["update"]

    def refuse(name: str, properties: dict[str, Any]) -> None:
        definition = provisioners.sfn_definition(properties)
        logging = properties.get("LoggingConfiguration")
        found = refusal(
            engine, properties.get("StateMachineName", name), definition, properties["RoleArn"], logging
        )
        if found:
            raise ValueError(f"{found[1]} (Service: Sfn, Error Code: {found[0]})")

    def checked_create(logical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
        properties = _with_api_logging(properties)
        refuse(logical_id, properties)
        return create(logical_id, properties, *rest)

    def checked_update(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        old, new = _with_api_logging(old), _with_api_logging(new)
        refuse(physical_id.rpartition(":")[2], new)
        return update(physical_id, old, new, *rest)

    handler["create"], handler["update"] = checked_create, checked_update


def _with_api_logging(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties with LoggingConfiguration in the API's spelling, which Describe answers with."""
    if "LoggingConfiguration" not in properties:
        return properties
    return {**properties, "LoggingConfiguration": _lowered(properties["LoggingConfiguration"])}


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _lowered(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_lowered(part) for part in value]
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
