"""Who calls, and what else than the call's own action the caller must be allowed to do.

The gateway checks the operation's own action before a request gets here; what follows from its content, such
as iam:PassRole for the role that it names, is checked here with the same policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from localcloud.ministack_adapter import app, iam_actions, iam_evaluator, router
from localcloud.services.sagemaker.errors import AccessDeniedError

SERVICE_PRINCIPAL = "sagemaker.amazonaws.com"


class Caller(Protocol):
    """Whoever sent a request."""

    def authorize(self, action: str, resource: str, context: Mapping[str, Any] | None = None) -> None:
        """Raise AccessDeniedError unless the caller's policies allow `action` on `resource`."""
        ...

    def identity(self) -> dict[str, Any]:
        """`UserContext` as SageMaker keeps it of whoever makes or changes something; empty for AWS itself.

        SageMaker API Reference, `UserContext` and `IamIdentity`: the latter is told of model packages, their
        groups and projects alone.
        """
        ...


class Trusted:
    """AWS itself, or an in-process caller that was checked already."""

    def identity(self) -> dict[str, Any]:
        return {}

    def authorize(self, action: str, resource: str, context: Mapping[str, Any] | None = None) -> None:
        return


class SignedCaller:
    """The principal whose key signed the request."""

    def __init__(self, access_key_id: str, region: str) -> None:
        self._access_key_id = access_key_id
        self._region = region

    def identity(self) -> dict[str, Any]:
        found = iam_evaluator.resolve_credential(self._access_key_id)
        arn = getattr(found, "principal_arn", "")
        return {"IamIdentity": {"Arn": arn, "PrincipalId": found.principal_id}} if arn else {}

    def authorize(self, action: str, resource: str, context: Mapping[str, Any] | None = None) -> None:
        denied = iam_evaluator.enforce(
            self._access_key_id,
            action,
            action.partition(":")[0],
            self._region,
            resource_arn=resource,
            service_context=dict(context or {}),
        )
        if denied is None:
            return
        if isinstance(denied, iam_evaluator.AuthError):
            raise AccessDeniedError(denied.message)
        explicit = denied.decision == "Deny"
        raise AccessDeniedError(
            iam_actions.identity_denial_message(action, denied.principal_arn, resource, explicit)
        )


def caller_of(headers: Mapping[str, str], region: str) -> Caller:
    """The caller that a request's signature names; a request without one comes from inside the cloud."""

    access_key_id = router.extract_access_key_id(dict(headers)) if headers.get("authorization") else ""
    return SignedCaller(access_key_id, region) if app.AUTH and access_key_id else Trusted()


def pass_role(caller: Caller, role_arn: str) -> None:
    """What passing a role to SageMaker takes: iam:PassRole for sagemaker.amazonaws.com."""
    caller.authorize("iam:PassRole", role_arn, {"iam:PassedToService": SERVICE_PRINCIPAL})
