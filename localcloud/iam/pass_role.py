"""Giving a role to a service needs iam:PassRole on the role, besides the permission for the call.

SageMaker's calls check it themselves (localcloud.services.sagemaker.access.caller); here
are the other services that take roles.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import app, iam_actions, iam_evaluator, responses, router

_MEMBERS = frozenset({"Role", "RoleArn", "roleArn", "RoleARN"})
_PASSED_TO = {
    "lambda": "lambda.amazonaws.com",
    "states": "states.amazonaws.com",
    "events": "events.amazonaws.com",
    "scheduler": "scheduler.amazonaws.com",
}
_Answer = tuple[int, dict[str, str], bytes]


def install(cloud: Cloud) -> None:
    """Check every signed call of these services that names a role."""

    for service, principal in _PASSED_TO.items():
        app.SERVICE_HANDLERS[service] = _checking(app.SERVICE_HANDLERS[service], service, principal)


def _checking(handler: Any, service: str, principal: str) -> Any:
    async def handle(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any) -> Any:
        if headers.get("authorization") and method in ("POST", "PUT"):
            for role_arn in roles_in(_document(body)):
                refusal = _refusal(role_arn, service, principal, headers, query)
                if refusal is not None:
                    return refusal
        return await handler(method, path, headers, body, query)

    return handle


def roles_in(document: Any) -> Iterator[str]:
    """The ARNs of the roles that a request hands over, in lists of targets too."""
    if isinstance(document, list):
        for part in document:
            yield from roles_in(part)
    if isinstance(document, dict):
        for name, value in document.items():
            if name in _MEMBERS and isinstance(value, str) and ":role/" in value:
                yield value
            elif name in ("Targets", "Target"):
                yield from roles_in(value)


def _refusal(
    role_arn: str, service: str, principal: str, headers: Mapping[str, str], query: Any
) -> _Answer | None:

    denied = iam_evaluator.enforce(
        router.extract_access_key_id(dict(headers), query),
        "iam:PassRole",
        "iam",
        responses.get_region(),
        resource_arn=role_arn,
        service_context={"iam:PassedToService": principal},
    )
    if denied is None or isinstance(denied, iam_evaluator.AuthError):
        return None
    message = iam_actions.identity_denial_message(
        "iam:PassRole", denied.principal_arn, role_arn, denied.decision == "Deny"
    )
    answer: _Answer = iam_actions.access_denied_response(
        service,
        "iam:PassRole",
        denied.principal_arn,
        responses.new_uuid(),
        headers=dict(headers),
        message=message,
    )
    return answer


def _document(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return {}
