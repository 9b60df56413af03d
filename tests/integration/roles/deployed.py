"""The roles of the deployed pipeline, each with its policies as IAM holds them, and what each may do.

What a role may do is decided by the evaluator that guards every call of the embedded cloud.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
from ministack.core import iam_evaluator

from localcloud.host.launch import Running

ACCOUNT, REGION = "111122223333", "us-east-1"


@dataclass(frozen=True)
class Try:
    """One thing to attempt: an action on a resource, with what the request says of itself."""

    action: str
    resource: str
    context: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


@dataclass(frozen=True)
class Role:
    """A role of the stack; `name` is its construct's: IngestData, Training, Pipeline."""

    name: str
    arn: str
    documents: tuple[Mapping[str, Any], ...]

    @property
    def statements(self) -> list[Mapping[str, Any]]:
        return [statement for document in self.documents for statement in document["Statement"]]

    @cached_property
    def _policies(self) -> list[Any]:
        return [iam_evaluator.parse_policy_document(dict(document)) for document in self.documents]

    def may(self, attempt: Try) -> bool:
        """What the embedded cloud's evaluator says."""
        context = iam_evaluator.EvalContext(
            principal_arn=self.arn.replace(":role/", ":assumed-role/") + "/test",
            principal_type="AssumedRole",
            principal_account=ACCOUNT,
            action=attempt.action,
            resource_arn=attempt.resource,
            region=REGION,
            service_context={key.lower(): value for key, value in attempt.context.items()},
        )
        decision: str = iam_evaluator.evaluate(context, self._policies).decision
        return decision == "Allow"


def roles_of(cloud: Running, stack: str) -> dict[str, Role]:
    """Every role that the stack made, by name."""
    iam = cloud.client("iam")
    resources = cloud.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    found = {}
    for resource in resources:
        if resource["ResourceType"] == "AWS::IAM::Role":
            name = resource["PhysicalResourceId"]
            inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
            documents = tuple(
                iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in inline
            )
            assert not iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
            role = Role(
                _short(resource["LogicalResourceId"]), f"arn:aws:iam::{ACCOUNT}:role/{name}", documents
            )
            found[role.name] = role
    return found


def _short(logical_id: str) -> str:
    """`FunctionsIngestDataRoleA2AF2F65` gives IngestData, `TeardownTeardownRole...` Teardown."""
    words = re.sub(r"Role[0-9A-F]{8}$", "", logical_id)
    return re.sub(r"^(Functions|Intake|Watching|Teardown(?=Teardown))", "", words)


def tries_in(role: Role) -> Iterator[Try]:
    """Everything that the role's policies allow, once for each action and resource."""
    for statement in role.statements:
        if statement["Effect"] == "Allow":
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    context = satisfying(statement.get("Condition", {}))
                    yield Try(action, resource.replace("*", "0"), context)


def satisfying(conditions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Values of a request that meets the conditions."""
    known = {"StringEquals", "StringLike", "ArnEquals", "ArnLike", "Bool"}
    assert set(conditions) <= known, conditions
    return {
        key: str(listed(wanted)[0]).replace("*", "0")
        for keys in conditions.values()
        for key, wanted in keys.items()
    }


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@contextlib.contextmanager
def session(cloud: Running, role: Role) -> Iterator[Any]:
    """A boto3 session of the role, which trusts the account for as long as this lasts."""
    iam, name = cloud.client("iam"), role.arn.rpartition("/")[2]
    before = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))
    try:
        keys = cloud.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="try")["Credentials"]
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(before))
    yield boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=REGION,
    )
