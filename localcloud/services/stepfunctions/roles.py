"""What a state machine's role must be allowed before the machine is created, as AWS checks it then."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.iam import decisions
from localcloud.iam.sessions import Credentials, RoleNotAssumableError, open_session
from localcloud.services.stepfunctions.definitions import resources

SERVICE = "states.amazonaws.com"
_RULE_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
_LOG_ACTIONS = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
"""https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy."""


class RoleRefusedError(Exception):
    """The role cannot run this state machine; the message is AWS's."""


def assume(cloud: Cloud, role_arn: str, machine_arn: str) -> Credentials:
    """The role's session for the state machine's executions."""
    with cloud.scope():
        return open_session(role_arn, secrets.token_hex(16), service=SERVICE, source_arn=machine_arn)


def check_role(
    cloud: Cloud, role_arn: str, machine_arn: str, definition: str, logging: Mapping[str, Any]
) -> None:
    """Raise RoleRefusedError when the role misses what creating the machine needs."""
    try:
        keys = assume(cloud, role_arn, machine_arn)
    except RoleNotAssumableError:
        raise RoleRefusedError(
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized"
            " to assume the provided role."
        ) from None
    for rule in sorted(managed_rules(json.loads(definition))):
        arn = f"arn:aws:events:{cloud.region}:{cloud.account}:rule/{rule}"
        if not _may(cloud, keys, _RULE_ACTIONS, arn):
            raise RoleRefusedError(f"'{role_arn}' is not authorized to create managed-rule.")
    if logging.get("level", "OFF") != "OFF" and not _may(cloud, keys, _LOG_ACTIONS, "*"):
        raise RoleRefusedError("The state machine IAM Role is not authorized to access the Log Destination")


def _may(cloud: Cloud, keys: Credentials, actions: tuple[str, ...], arn: str) -> bool:
    try:
        for action in actions:
            decisions.check(keys, action, arn, account=cloud.account, region=cloud.region)
    except decisions.NotAuthorizedError:
        return False
    return True


def managed_rules(machine: Any) -> set[str]:
    """The EventBridge rules by which `.sync` tasks, nested ones included, learn of their jobs' ends."""
    return set(_rules(machine))


def _rules(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for part in node:
            yield from _rules(part)
    if not isinstance(node, dict):
        return
    if node.get("Type") == "Task" and isinstance(node.get("Resource"), str):
        job = resources.parse(node["Resource"]).job
        if job is not None:
            yield job.managed_rule
    for part in node.values():
        yield from _rules(part)
