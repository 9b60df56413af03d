"""Permissions, one narrow statement at a time; a resource with a wildcard needs a written reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct


class UnreasonedWildcardError(ValueError):
    """A statement's resource holds a wildcard, and nothing says why it must."""


def allow(
    role: iam.Role,
    *actions: str,
    on: str | Sequence[str],
    when: Mapping[str, Any] | None = None,
    because: str = "",
) -> None:
    """Let the role do these actions on these resources, under these conditions.

    `because` says why a resource can't be named exactly; cdk-nag takes it as the acknowledgement of rule
    AwsSolutions-IAM5 for that resource of that role. Raises UnreasonedWildcardError.
    """
    resources = [on] if isinstance(on, str) else list(on)
    role.add_to_principal_policy(
        iam.PolicyStatement(actions=list(actions), resources=resources, conditions=dict(when or {}))
    )
    for shown in (_shown(role, resource) for resource in resources):
        if "*" in shown:
            if not because:
                raise UnreasonedWildcardError(f"{role.node.path}: {', '.join(actions)} on {shown}: say why")
            acknowledge(role, f"AwsSolutions-IAM5[Resource::{shown}]", because)


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"AwsSolutions::{rule}", reason=reason))


def on_behalf_of(scope: IConstruct, service: str, resource: str) -> iam.ServicePrincipal:
    """The service, where it acts for that resource of this account and region, and for no other.

    `resource` is an ARN's part behind the account: `training-job/housing-*` (IAM User Guide, "The confused
    deputy problem").
    """
    stack = cdk.Stack.of(scope)
    source = f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"
    return iam.ServicePrincipal(
        f"{service}.amazonaws.com",
        conditions={
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {"aws:SourceArn": source},
        },
    )


def through(service: str, **conditions: Any) -> dict[str, Any]:
    """The condition that a key is used through that service of this region alone."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{cdk.Aws.REGION}.amazonaws.com"}, **conditions}


def _shown(role: iam.Role, resource: str) -> str:
    """The resource as cdk-nag writes it: references in angle brackets."""
    return _flat(cdk.Stack.of(role).resolve(resource))


def _flat(value: Any) -> str:
    match value:
        case str() as text:
            return text
        case {"Fn::Sub": str(text)}:
            return text
        case {"Ref": str(name)}:
            return f"<{name}>"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(_flat(part) for part in parts)
    raise TypeError(f"a resource of an unknown form: {value!r}")
