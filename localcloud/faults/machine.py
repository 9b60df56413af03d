"""Faults of the state machine's own calls, which reach their service without the gateway.

Error names: "Handling errors in Step Functions workflows" and the names that its integrations give the SDK's
exceptions (a client that got no answer is SdkClientException).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from localcloud.faults import answers
from localcloud.faults.injector import Injector
from localcloud.faults.plan import Call, Rule

PRINCIPAL = "states.amazonaws.com"
_RESOURCE = re.compile(r"arn:aws:states:::(?:(aws-sdk):)?(\w+):(\w+)")
_PREFIXES = {"lambda": "Lambda", "sns": "SNS", "sagemaker": "SageMaker", "dynamodb": "DynamoDB", "sqs": "SQS"}
_NAMES = {
    "lambda": {"throttle": "TooManyRequestsException", "error": "ServiceException"},
    "sns": {"throttle": "ThrottledException", "error": "InternalErrorException"},
    "sagemaker": {"throttle": "AmazonSageMakerException", "error": "AmazonSageMakerException"},
    "aws-sdk:sagemaker": {"throttle": "SageMakerException", "error": "SageMakerException"},
}
_NO_ANSWER = "SdkClientException"
_Invoke = Callable[[str, Any], Any]


def install(injector: Injector) -> None:
    """Stand between the state machine and what its tasks call."""
    from ministack.services import stepfunctions

    stepfunctions._invoke_resource = _suffering(stepfunctions._invoke_resource, injector)


def _suffering(invoke: _Invoke, injector: Injector) -> _Invoke:
    def suffering(resource: str, arguments: Any) -> Any:
        found = _RESOURCE.match(resource)
        if not found or not injector.looks_at_calls:
            return invoke(resource, arguments)
        _, service, verb = found.groups()
        operation = "InvokeFunction" if service == "lambda" else verb[0].upper() + verb[1:]
        rule = injector.strike(Call(service, operation, PRINCIPAL))
        if rule is None:
            return invoke(resource, arguments)
        return _suffer(rule, found, operation, lambda: invoke(resource, arguments))

    return suffering


def _suffer(rule: Rule, found: re.Match[str], operation: str, carry_out: Callable[[], Any]) -> Any:
    kind, service, _ = found.groups()
    if rule.fault in ("throttle", "error"):
        raise _error(kind, service, operation, rule.fault)
    if rule.fault == "timeout":
        time.sleep(rule.seconds)
        raise _error(kind, service, operation, rule.fault)
    result = carry_out()
    if rule.fault == "lost":
        raise _error(kind, service, operation, rule.fault)
    carry_out()
    return result


def _error(kind: str | None, service: str, operation: str, fault: str) -> Exception:
    from ministack.services.stepfunctions import _ExecutionError

    prefix = _PREFIXES.get(service, service.capitalize())
    if fault in ("throttle", "error"):
        names = _NAMES.get(f"{kind}:{service}") or _NAMES.get(service) or {}
        status, code, message = (
            answers.throttled(service, operation) if fault == "throttle" else answers.failed(service)
        )
        name, cause = names.get(fault, code), f"{message} (Service: {prefix}, Status Code: {status}, {code})"
    else:
        name, cause = _NO_ANSWER, f"Unable to execute HTTP request: no answer to {operation}"
    error: Exception = _ExecutionError(f"{prefix}.{name}", cause)
    return error
