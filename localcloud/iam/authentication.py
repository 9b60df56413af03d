"""Who may call: one administrator with real keys, every signature checked, no key that counts as root.

ministack treats an empty key, `test`, and any 12-digit key as the account's root and does not check their
signatures. Here nobody is root, so a wrong secret is SignatureDoesNotMatch for everyone, as on AWS.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import secrets
from pathlib import Path
from typing import Any

from localcloud.host.options import ACCOUNT
from localcloud.iam.sessions import Credentials
from localcloud.ministack_adapter import app, iam, iam_evaluator, responses
from localcloud.ministack_adapter.faults import iam_wildcards_end_at_a_line

ADMINISTRATOR = "administrator"
_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


def administrator_keys(state_dir: Path) -> Credentials:
    """The administrator's keys: made once and kept with the state, so that exported ones stay valid."""
    path = state_dir / "administrator.json"
    if path.exists():
        return Credentials(**json.loads(path.read_text()))
    keys = Credentials("AKIA" + secrets.token_hex(8).upper(), secrets.token_hex(20))
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key}, file)
    return keys


def ensure_administrator(keys: Credentials) -> None:
    """Give the account its administrator, an IAM user with AdministratorAccess; safe to repeat."""

    with responses.request_scope(ACCOUNT, "us-east-1"):
        if ADMINISTRATOR not in iam.users:
            iam.create_user({"UserName": [ADMINISTRATOR]})
            iam.attach_user_policy({"UserName": [ADMINISTRATOR], "PolicyArn": [_POLICY]})
        if keys.access_key_id not in iam.access_keys:
            iam.access_keys[keys.access_key_id] = {
                "UserName": ADMINISTRATOR,
                "AccessKeyId": keys.access_key_id,
                "SecretAccessKey": keys.secret_access_key,
                "Status": "Active",
                "CreateDate": iam.now(),
            }


def install() -> None:
    """Check every caller, and count loopback as aws:SecureTransport (a documented departure from AWS)."""
    from localcloud.ministack_adapter import sts

    iam_evaluator.is_root_access_key = _nobody_is_root
    sts.is_root_access_key = _nobody_is_root
    iam_evaluator.enforce = _refusing_anonymous_s3(iam_evaluator.enforce, iam_evaluator)
    iam_wildcards_end_at_a_line.install()
    iam_evaluator.resolve_condition_key = _naming_roles(iam_evaluator.resolve_condition_key)
    app.pin_request_origin = _trusting_loopback(app.pin_request_origin)
    _keep_sessions(sts)


def _naming_roles(resolve: Any) -> Any:
    """aws:PrincipalArn of a session is the ARN of its role (IAM User Guide, "AWS global condition context
    keys"); ministack gives the session's."""

    def resolved(key: str, context: Any) -> Any:
        found = resolve(key, context)
        return role_arn_of(found) if key.lower() == "aws:principalarn" else found

    return resolved


def role_arn_of(principal_arn: Any) -> Any:
    """The role of a session's ARN; any other ARN as it is."""
    from localcloud.iam.sessions import find_role

    parts = str(principal_arn).split(":")
    if len(parts) != 6 or not parts[5].startswith("assumed-role/"):
        return principal_arn
    name = parts[5].split("/")[1]
    role = find_role(parts[4], name)
    return role["Arn"] if role else f"arn:aws:iam::{parts[4]}:role/{name}"


def _keep_sessions(sts: Any) -> None:
    """A session lasts as long as it was promised to, across a restart too; services open their own anew."""

    def get_state() -> dict[str, Any]:
        sessions = dict(sts.sessions)
        return {"sessions": {key: session for key, session in sessions.items() if "Expiration" in session}}

    def load_persisted_state(data: dict[str, Any]) -> None:
        sts.sessions.update(data.get("sessions", {}))

    sts.get_state, sts.load_persisted_state = get_state, load_persisted_state


def _nobody_is_root(access_key_id: str) -> bool:
    return False


def _refusing_anonymous_s3(enforce: Any, evaluator: Any) -> Any:
    """An unsigned request to S3 is AccessDenied: no bucket here may be public (public access is blocked)."""

    def checked(access_key_id: str, iam_action: str, service: str, *args: Any, **kwargs: Any) -> Any:
        if service == "s3" and evaluator.anonymous.get():
            return evaluator.AuthError("AccessDenied", "Access Denied")
        return enforce(access_key_id, iam_action, service, *args, **kwargs)

    return checked


def _trusting_loopback(pin_request_origin: Any) -> Any:
    def pinned(source_ip: str, secure_transport: bool) -> None:
        loopback = False
        with contextlib.suppress(ValueError):
            loopback = ipaddress.ip_address(source_ip).is_loopback
        pin_request_origin(source_ip, secure_transport or loopback)

    return pinned
