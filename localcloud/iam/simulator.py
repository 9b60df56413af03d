"""IAM's policy simulator, with every resource that is asked about and under the context that is given.

API reference, SimulateCustomPolicy and SimulatePrincipalPolicy: each action is evaluated for each resource,
and ContextEntries say what the condition keys hold. ministack takes the first resource and no context. A
policy whose resources are no ARNs is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from xml.sax.saxutils import escape

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import iam_evaluator

_DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny"}


@dataclass(frozen=True)
class Question:
    """What is asked of the simulator."""

    actions: Sequence[str]
    resources: Sequence[str]
    context: Mapping[str, Any]
    """Values by condition key, in lower case; a list for a key of several values."""


def install(cloud: Cloud) -> None:
    """Answer in ministack's place."""
    from localcloud.ministack_adapter import iam

    def simulate_custom(parameters: Any) -> Any:
        documents = _members(parameters, "PolicyInputList", iam)
        if wrong := [document for document in documents if not _names_resources(document)]:
            text = f"Invalid policy: a Resource must be an ARN or *: {escape(wrong[0][:200])}"
            return iam.error_response(400, "InvalidInput", text, ns="iam")
        policies = [iam_evaluator.parse_policy_document(document) for document in documents]
        return answer(parameters, "SimulateCustomPolicy", f"arn:aws:iam::{cloud.account}:root", policies)

    def simulate_principal(parameters: Any) -> Any:
        arn = iam.parameter(parameters, "PolicySourceArn")
        kind, _, path = arn.rpartition(":")[2].partition("/")
        gather = {
            "user": iam_evaluator.gather_user_policies,
            "role": iam_evaluator.gather_role_policies,
        }.get(kind)
        name = path.rpartition("/")[2]
        known = {"user": iam.users, "role": iam.roles}.get(kind, {})
        if gather is None or name not in known:
            return iam.error_response(
                404, "NoSuchEntity", f"The entity with ARN {arn} cannot be found.", ns="iam"
            )
        return answer(parameters, "SimulatePrincipalPolicy", arn, gather(name, cloud.account))

    def answer(parameters: Any, operation: str, principal: str, policies: list[Any]) -> Any:
        asked = Question(
            actions=_members(parameters, "ActionNames", iam),
            resources=_members(parameters, "ResourceArns", iam) or ["*"],
            context=_context(parameters, iam),
        )
        results = "".join(_results(asked, principal, policies, cloud))
        return iam.xml_response(
            200,
            f"{operation}Response",
            f"<{operation}Result><EvaluationResults>{results}</EvaluationResults>"
            f"<IsTruncated>false</IsTruncated></{operation}Result>",
            ns="iam",
        )

    iam.IAM_HANDLERS["SimulateCustomPolicy"] = simulate_custom
    iam.IAM_HANDLERS["SimulatePrincipalPolicy"] = simulate_principal


def _results(asked: Question, principal: str, policies: list[Any], cloud: Cloud) -> Iterator[str]:
    for action in asked.actions:
        for resource in asked.resources:
            decision = _decision(action, resource, asked, principal, policies, cloud)
            yield (
                f"<member><EvalActionName>{escape(action)}</EvalActionName>"
                f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
                f"<EvalDecision>{decision}</EvalDecision>"
                "<MatchedStatements/><MissingContextValues/></member>"
            )


def _decision(
    action: str, resource: str, asked: Question, principal: str, policies: list[Any], cloud: Cloud
) -> str:

    context = iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type="User",
        principal_account=cloud.account,
        action=action,
        resource_arn=resource,
        region=str(asked.context.get("aws:requestedregion", cloud.region)),
        source_ip=str(asked.context.get("aws:sourceip", "127.0.0.1")),
        secure_transport=str(asked.context.get("aws:securetransport", "false")) == "true",
        service_context=dict(asked.context),
    )
    return _DECISIONS.get(iam_evaluator.evaluate(context, policies).decision, "implicitDeny")


def _names_resources(document: str) -> bool:
    """Whether each resource of a policy is an ARN, or everything."""
    statements = json.loads(document).get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        named = statement.get("Resource", [])
        for one in [named] if isinstance(named, str) else named:
            if one != "*" and not one.startswith("arn:"):
                return False
    return True


def _context(parameters: Any, iam: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index in count(1):
        at = f"ContextEntries.member.{index}"
        key = iam.parameter(parameters, f"{at}.ContextKeyName")
        if not key:
            return found
        values = _members(parameters, f"{at}.ContextKeyValues", iam)
        is_list = iam.parameter(parameters, f"{at}.ContextKeyType").endswith("List")
        found[key.lower()] = values if is_list else (values[0] if values else None)
    return found


def _members(parameters: Any, name: str, iam: Any) -> list[str]:
    found = []
    for index in count(1):
        value = iam.parameter(parameters, f"{name}.member.{index}")
        if not value:
            break
        found.append(str(value))
    return found
