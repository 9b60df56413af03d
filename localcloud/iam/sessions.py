"""Credentials of the embedded cloud: keys, and the sessions AWS services open for the roles they assume."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from localcloud.ministack_adapter import iam, iam_evaluator, sts


class RoleNotAssumableError(Exception):
    """A service was given a role that does not exist or whose trust policy does not name the service."""


@dataclass(frozen=True)
class Credentials:
    """One set of AWS keys; `session_token` only for temporary ones."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def as_environment(self) -> dict[str, str]:
        """As the variables that AWS's SDKs read."""
        token = {"AWS_SESSION_TOKEN": self.session_token} if self.session_token else {}
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            **token,
        }


def open_session(
    role_arn: str, session_name: str, *, service: str | None = None, source_arn: str | None = None
) -> Credentials:
    """Temporary credentials of `role_arn` for `service`, e.g. `sagemaker.amazonaws.com`, which acts for the
    resource `source_arn` where it says so.

    The session does not expire: AWS renews the credentials of its own computing for as long as it runs.
    """

    account, role_name = _parse(role_arn)
    role = find_role(account, role_name)
    if role is None:
        raise RoleNotAssumableError(f"The role {role_arn} does not exist.")
    if service is not None and not trusts(role, service, source_arn):
        raise RoleNotAssumableError(
            f"The role {role_arn} cannot be assumed by {service}: see its trust policy."
        )
    keys = Credentials(
        "ASIA" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30), secrets.token_urlsafe(96)
    )
    name = session_name[:64]
    sts.register_session(
        keys.access_key_id,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{name}",
            "UserId": f"{role.get('RoleId', role_name)}:{name}",
            "SecretAccessKey": keys.secret_access_key,
            "SessionToken": keys.session_token,
        },
    )
    return keys


def close_session(access_key_id: str) -> None:
    """Forget a session whose process is gone."""

    sts.sessions.pop(access_key_id, None)


_standing: dict[str, Credentials] = {}


def standing_session(role_arn: str, session_name: str) -> Credentials:
    """A session of the role that is opened once: for asking what the role may do."""

    keys = _standing.get(role_arn)
    if keys is None or keys.access_key_id not in sts.sessions:
        keys = _standing[role_arn] = open_session(role_arn, session_name)
    if find_role(*_parse(role_arn)) is None:
        raise RoleNotAssumableError(f"The role {role_arn} does not exist.")
    return keys


def find_role(account: str, role_name: str) -> dict[str, Any] | None:
    """The IAM role's record, or None."""

    role: dict[str, Any] | None = iam.roles.get_scoped(account, None, role_name)
    return role


def trusts(role: dict[str, Any], service: str, source_arn: str | None = None) -> bool:
    """Whether the role's trust policy lets the service principal assume it for that resource."""

    context = iam_evaluator.EvalContext(
        principal_arn=f"service:{service}",
        principal_type="Service",
        principal_account="",
        action="sts:AssumeRole",
        resource_arn=role["Arn"],
        region="",
        # What a service says of whose behalf it acts on ("cross-service confused deputy prevention").
        service_context={
            "aws:sourceaccount": _parse(role["Arn"])[0],
            **({"aws:sourcearn": source_arn} if source_arn else {}),
        },
    )
    document = role.get("AssumeRolePolicyDocument", "{}")
    decision: str = iam_evaluator.evaluate_resource_policy(
        _without_resource(document), context, service=service
    ).decision
    return decision == "Allow"


def _without_resource(document: str | dict[str, Any]) -> dict[str, Any]:
    """A trust policy names no resource: it is about the role that holds it."""
    import json

    parsed: dict[str, Any] = json.loads(document) if isinstance(document, str) else document
    statements = parsed.get("Statement", [])
    if isinstance(statements, dict):
        statements = [statements]
    return {"Statement": [{**statement, "Resource": "*"} for statement in statements]}


def _parse(role_arn: str) -> tuple[str, str]:
    parts = role_arn.split(":")
    if len(parts) < 6 or not parts[5].startswith("role/"):
        raise RoleNotAssumableError(f"{role_arn!r} is not the ARN of an IAM role.")
    return parts[4], parts[5].rsplit("/", 1)[-1]
