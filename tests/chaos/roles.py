"""The roles of a deployed pipeline, what each is granted, and real calls in the name of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from localcloud.host.launch import Running
from tests.chaos.requests import Caller, NoCallError

Grant = tuple[str, str]
"""An action and a resource."""
ABSENT = ("xray:",)
"""Services that the embedded cloud does not have, so nothing answers for them."""
CHANGES = ("Delete", "Stop", "Start", "Create", "Put", "Update", "Set", "Send", "Publish", "Invoke")


@dataclass(frozen=True)
class Role:
    """A role by name, what it is granted, and which of that without any condition."""

    name: str
    grants: frozenset[Grant]
    unconditional: frozenset[Grant]


def roles_of(cloud: Running, stack: str) -> list[Role]:
    """Every role of the stack."""
    resources = cloud.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    names = [item["PhysicalResourceId"] for item in resources if item["ResourceType"] == "AWS::IAM::Role"]
    return [_read(cloud, name) for name in names]


def _read(cloud: Running, name: str) -> Role:
    iam = cloud.client("iam")
    grants, unconditional = set(), set()
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for statement in document["Statement"]:
            pairs = {
                (action, resource)
                for action in _listed(statement["Action"])
                for resource in _listed(statement["Resource"])
            }
            grants |= pairs
            unconditional |= set() if statement.get("Condition") else pairs
    return Role(name, frozenset(grants), frozenset(unconditional))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@contextmanager
def acting_as(cloud: Running, caller: Caller, role: Role) -> Iterator[None]:
    """A session of the role: its trust policy lets the administrator in for a while."""
    iam, sts = cloud.client("iam"), cloud.client("sts")
    found = iam.get_role(RoleName=role.name)["Role"]
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}
    opened = {"Version": "2012-10-17", "Statement": [trust]}
    iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=json.dumps(opened))
    try:
        keys = sts.assume_role(RoleArn=found["Arn"], RoleSessionName="intruder")["Credentials"]
        caller.act_as(keys)
        yield
    finally:
        closed = json.dumps(found["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=closed)


@cache
def covers(pattern: str, value: str) -> bool:
    """IAM's own wildcards: * and ?."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def is_own(role: Role, grant: Grant) -> bool:
    """Whether the role's policy covers the grant, and be it by a wildcard or under a condition."""
    action, resource = grant
    return any(
        covers(a, action) and (covers(r, resource.replace("*", "x")) or covers(resource, r.replace("*", "x")))
        for a, r in role.grants
    )


def let_in(cloud: Running, caller: Caller, roles: list[Role], every: int = 1) -> tuple[int, list[str]]:
    """Try each role against what is granted to the others: how many calls, and those that were not refused.

    `every` takes one in so many of the grants, another choice for each role.
    """
    everything = sorted(set().union(*(role.grants for role in roles)))
    tried, found = 0, []
    for number, role in enumerate(roles):
        with acting_as(cloud, caller, role):
            for action, resource in everything[number % every :: every]:
                if is_own(role, (action, resource)) or action.startswith(ABSENT):
                    continue
                with suppress(NoCallError):
                    refused = caller.is_refused(action, resource)
                    tried += 1
                    if not refused:
                        found.append(f"{role.name} may {action} on {resource}")
    return tried, found


def shut_out(cloud: Running, caller: Caller, roles: list[Role]) -> tuple[int, list[str]]:
    """Try each role against what is granted to itself, reading only: actions, and those that were refused.

    An action is open when one of its resources is: the others of its statement may be another action's.
    """
    tried, found = 0, []
    for role in roles:
        with acting_as(cloud, caller, role):
            for action in sorted({action for action, _ in role.unconditional}):
                if action.partition(":")[2].startswith(CHANGES) or action.startswith((*ABSENT, "events:")):
                    continue
                resources = sorted(resource for other, resource in role.unconditional if other == action)
                with suppress(NoCallError):
                    refused = all(caller.is_refused(action, resource) for resource in resources)
                    tried += 1
                    if refused:
                        found.append(f"{role.name} may not {action} on {', '.join(resources)}")
    return tried, found
