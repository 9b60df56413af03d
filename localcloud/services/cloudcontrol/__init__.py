"""Cloud Control API: state machines, because `cdk deploy --hotswap` and `cdk watch` update them through it.

ministack keeps documents of its own that change no resource: an update that succeeds and does nothing. Here a
state machine is read and updated as its own service does, with the caller's permissions there, and every
other type is refused by name (Cloud Control API reference, `UnsupportedActionException`).
https://docs.aws.amazon.com/cloudcontrolapi/latest/userguide/security.html#security-iam-fas
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import (
    cloudcontrol,
    iam_evaluator,
    provisioners,
    responses,
    router,
    stepfunctions,
)

MACHINE = "AWS::StepFunctions::StateMachine"
Answer = Any
_NEEDS = {"GetResource": "states:DescribeStateMachine", "UpdateResource": "states:UpdateStateMachine"}
_ABOUT_REQUESTS = ("GetResourceRequestStatus", "ListResourceRequests", "CancelResourceRequest")


def install(cloud: Cloud) -> None:
    """Answer in ministack's place."""
    operations: dict[str, Callable[[str, Mapping[str, Any]], Answer]] = {
        "GetResource": _get,
        "UpdateResource": _update,
    }
    handle_request = cloudcontrol.handle_request

    async def handle(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        asked = json.loads(body or b"{}")
        if operation in _ABOUT_REQUESTS:
            return await handle_request(method, path, headers, body, query)
        kind, arn = asked.get("TypeName"), str(asked.get("Identifier"))
        if operation not in operations or kind != MACHINE:
            return _refused(
                f"{operation} of {kind}: the embedded cloud has {MACHINE} alone, to read and update"
            )
        denied = iam_evaluator.enforce(
            router.extract_access_key_id(headers, query),
            _NEEDS[operation],
            "states",
            cloud.region,
            resource_arn=arn,
        )
        if denied is not None:
            return responses.error_response_json(
                "AccessDeniedException", f"not allowed: {_NEEDS[operation]} on {arn}", 400
            )
        return operations[operation](arn, asked)

    cloudcontrol.handle_request = handle


def _model(arn: str) -> dict[str, Any] | None:
    """The state machine as a template's properties; None where there is none."""
    machine = stepfunctions.state_machines.get(arn)
    if machine is None:
        return None
    return {
        "Arn": arn,
        "StateMachineName": machine["name"],
        "DefinitionString": machine["definition"],
        "RoleArn": machine["roleArn"],
    }


def _get(arn: str, asked: Mapping[str, Any]) -> Answer:
    model = _model(arn)
    if model is None:
        return _missing(arn)
    described = {"Identifier": arn, "Properties": json.dumps(model)}
    return responses.json_response({"TypeName": MACHINE, "ResourceDescription": described})


def _update(arn: str, asked: Mapping[str, Any]) -> Answer:
    """Done at once: the event that is answered is the last one."""
    model = _model(arn)
    if model is None:
        return _missing(arn)
    wanted = cloudcontrol.apply_json_patch(model, json.loads(asked.get("PatchDocument") or "[]"))
    changed = {"definition": provisioners.sfn_definition(wanted), "roleArn": wanted["RoleArn"]}
    status, _, body = stepfunctions.update_state_machine({"stateMachineArn": arn, **changed})
    event = {"type_name": MACHINE, "identifier": arn, "resource_model": json.dumps(wanted)}
    if status >= 400:
        event |= {"status_message": json.loads(body).get("message", ""), "error_code": "InvalidRequest"}
    told = cloudcontrol.progress_event("UPDATE", "FAILED" if status >= 400 else "SUCCESS", **event)
    return responses.json_response({"ProgressEvent": cloudcontrol.record_request(told)})


def _missing(arn: str) -> Answer:
    message = f"Resource of type '{MACHINE}' with identifier '{arn}' was not found."
    return responses.error_response_json("ResourceNotFoundException", message, 400)


def _refused(message: str) -> Answer:
    return responses.error_response_json("UnsupportedActionException", message, 400)
