"""Plugs SageMaker into ministack: routing, IAM, persistence, tags, Step Functions, CloudFormation."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Coroutine, Mapping
from typing import Any
from urllib.parse import unquote

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import provisioners, router, tagging
from localcloud.services import cloudwatch
from localcloud.services.sagemaker.access import conditions
from localcloud.services.sagemaker.access.caller import Trusted
from localcloud.services.sagemaker.cloudformation import TYPES, handler_of
from localcloud.services.sagemaker.features import runtime as features
from localcloud.services.sagemaker.hosting.deployment.alarms import Alarms
from localcloud.services.sagemaker.hosting.fleet.fault_client import TARGET_PREFIX
from localcloud.services.sagemaker.requests.dispatch import Answer
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.service import SageMaker

SERVICE = "sagemaker"
_RUNTIME = re.compile(r"/endpoints/([^/]+)/")


class Module:
    """What ministack expects of a service's module."""

    def __init__(self, service: SageMaker) -> None:
        self._service = service

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Answer:
        await self._service.recover()
        text = body.encode() if isinstance(body, str) else body
        return await self._service.handle(method, path, headers, text, query_params)

    def get_state(self) -> None:
        """Nothing: every change is on disk before it is answered."""

    def load_persisted_state(self, data: Any) -> None:
        """Nothing: the records are read from their own file."""

    def reset(self) -> None:
        self._service.reset()


def install(cloud: Cloud) -> SageMaker:
    """Add the service to ministack's registries; the service."""
    from localcloud.ministack_adapter import app, iam_actions

    service = SageMaker(
        cloud,
        cloud.images,
        Alarms(cloudwatch.alarm_states),
        cloudwatch.put_metric_values,
        spawn=cloud.processes.spawn,
    )
    module = Module(service)
    app.SERVICE_REGISTRY[SERVICE] = {"module": SERVICE}
    app.loaded_modules[SERVICE] = module
    app.SERVICE_HANDLERS[SERVICE] = module.handle_request
    router.SERVICE_PATTERNS[SERVICE] = {"target_prefixes": ["SageMaker.", TARGET_PREFIX], "host_patterns": []}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[SERVICE] = SERVICE
    iam_actions.BOTOCORE_SERVICE_MAP[SERVICE] = [
        "sagemaker",
        "sagemaker-runtime",
        "sagemaker-featurestore-runtime",
    ]
    iam_actions.extract_resource_arn = _with_resources(iam_actions.extract_resource_arn, service.names)
    iam_actions.request_tag_context = _with_conditions(iam_actions.request_tag_context)
    iam_actions.access_denied_response = _naming_resource(iam_actions.access_denied_response, iam_actions)
    tagging.RESOURCE_TAG_COLLECTORS[SERVICE] = service.tags.everything
    cloud.on_shutdown(service.shut_down)
    cloud.on_started(lambda: _on_loop(app, service.recover()))
    _add_templates(service)
    return service


def call_from_anywhere(service: SageMaker, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Run an operation as AWS itself, on the gateway's loop; blocking."""
    from localcloud.ministack_adapter import app

    async def run() -> dict[str, Any]:
        return service.api.call(operation, request, Trusted())

    if _is_on_loop(app):  # ministack provisions most resources there
        return service.api.call(operation, request, Trusted())
    answer: dict[str, Any] = _on_loop(app, run())
    return answer


def _add_templates(service: SageMaker) -> None:
    """CloudFormation's SageMaker types."""

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return call_from_anywhere(service, operation, request)

    for name, type_ in TYPES.items():
        handler = handler_of(type_, call, service.api.contract.coerce)
        provisioners.RESOURCE_HANDLERS[name] = handler.entry()
        provisioners.STACK_TAG_PROPERTY[name] = ("Tags", "list")


def _is_on_loop(app: Any) -> bool:
    try:
        return bool(asyncio.get_running_loop() is app.MAIN_LOOP)
    except RuntimeError:
        return False


def _on_loop(app: Any, work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine on the gateway's loop and wait for it, from another thread."""
    return asyncio.run_coroutine_threadsafe(work, app.MAIN_LOOP).result()


def _with_resources(extract_resource_arn: Any, names: Names) -> Any:
    """ministack's function, which also knows SageMaker's resources."""

    def extract(
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *rest: Any,
        **named: Any,
    ) -> str:
        if service != SERVICE:
            arn: str = extract_resource_arn(service, method, path, headers, body, *rest, **named)
            return arn
        invocation = _RUNTIME.match(path)
        if invocation:
            return names.arn("endpoint", unquote(invocation[1]))
        record = features.operation_of(method, path)
        if record and not headers.get("x-amz-target"):
            return next(iter(features.resources_of(names, *record, body)), "*")
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        return names.resource_of(operation, _document(body))

    return extract


def _with_conditions(request_tag_context: Any) -> Any:
    """ministack's function, which also knows the condition keys of SageMaker's own requests."""

    def context(service: str, action: str, body: bytes, *rest: Any, **named: Any) -> dict[str, Any]:
        found: dict[str, Any] = request_tag_context(service, action, body, *rest, **named)
        if service != SERVICE:
            return found
        return {**found, **conditions.keys_of(action.rpartition(":")[2], _document(body))}

    return context


def _naming_resource(access_denied_response: Any, iam_actions: Any) -> Any:
    """ministack's function, whose message for SageMaker names the resource, as the service's does."""

    def respond(
        service: str, action: str, principal_arn: str, request_id: str, **details: Any
    ) -> tuple[int, dict[str, str], bytes]:
        if service == SERVICE and not details.get("error_code"):
            resource = details.get("resource_arn", "*")
            details["message"] = iam_actions.identity_denial_message(
                action, principal_arn, resource, bool(details.get("explicit_deny"))
            )
        answer: tuple[int, dict[str, str], bytes] = access_denied_response(
            service, action, principal_arn, request_id, **details
        )
        return answer

    return respond


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
