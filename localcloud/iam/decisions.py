"""Asks whether a role may do something, for calls that AWS makes in a role's name inside the cloud."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.iam.sessions import Credentials
from localcloud.ministack_adapter import iam_actions, iam_evaluator, responses


class NotAuthorizedError(Exception):
    """A role lacks a permission; the message is AWS's own and names caller, action and resource."""

    def __init__(self, message: str, action: str) -> None:
        super().__init__(message)
        self.action = action


def check(
    credentials: Credentials,
    action: str,
    resource_arn: str,
    *,
    account: str,
    region: str,
    context: Mapping[str, Any] | None = None,
) -> None:
    """Raise NotAuthorizedError unless the session may do `action` on `resource_arn`.

    Identity policies, permission boundary and the resource's own policy decide, as for a signed request.
    """
    _apart(lambda: _enforce(credentials, action, resource_arn, account, region, dict(context or {})))


def _apart(function: Callable[[], None]) -> None:
    """Run outside the context of the request being served: it is another caller's."""
    contextvars.Context().run(function)


def _enforce(
    credentials: Credentials,
    action: str,
    resource_arn: str,
    account: str,
    region: str,
    context: dict[str, Any],
) -> None:

    service = action.partition(":")[0]
    with responses.request_scope(account, region):
        iam_evaluator.pin_request_origin("127.0.0.1", True)
        denied = iam_evaluator.enforce(
            credentials.access_key_id,
            action,
            service,
            region,
            resource_arn=resource_arn,
            service_context=context,
        )
        if denied is None:
            return
        if isinstance(denied, iam_evaluator.AuthError):
            raise NotAuthorizedError(denied.message, action)
        message = iam_actions.identity_denial_message(
            action, denied.principal_arn, resource_arn, denied.decision == "Deny"
        )
        raise NotAuthorizedError(message, action)
