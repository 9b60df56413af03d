"""IAM's simulator looks at every resource, and under the context that it is given."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.account import Account, statement

KEY = "arn:aws:kms:us-east-1:111122223333:key/k"


def decisions(answer: dict[str, Any]) -> dict[tuple[str, str], str]:
    results = answer["EvaluationResults"]
    return {(each["EvalActionName"], each["EvalResourceName"]): each["EvalDecision"] for each in results}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def entry(key: str, *values: str, kind: str = "string") -> dict[str, Any]:
    return {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": kind}


def test_each_action_is_looked_at_for_each_resource(account: Account):
    allowed = statement("s3:GetObject", resource="arn:aws:s3:::mine/*")
    denied = statement("s3:*", resource="arn:aws:s3:::mine/secret/*", effect="Deny")
    there = ("arn:aws:s3:::mine/a", "arn:aws:s3:::mine/secret/a", "arn:aws:s3:::other/a")
    found = account.client("iam").simulate_custom_policy(
        PolicyInputList=[policy(allowed, denied)], ActionNames=["s3:GetObject"], ResourceArns=list(there)
    )
    assert [decisions(found)["s3:GetObject", one] for one in there] == [
        "allowed",
        "explicitDeny",
        "implicitDeny",
    ]


def test_a_condition_holds_under_the_context_that_is_given_and_not_without(account: Account):
    granting = statement("kms:CreateGrant", resource=KEY)
    granting["Condition"] = {
        "Bool": {"kms:GrantIsForAWSResource": "true"},
        "StringEquals": {"kms:ViaService": "sagemaker.us-east-1.amazonaws.com"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]},
    }
    asked = {
        "PolicyInputList": [policy(granting)],
        "ActionNames": ["kms:CreateGrant"],
        "ResourceArns": [KEY],
    }
    entries = [
        entry("kms:GrantIsForAWSResource", "true", kind="boolean"),
        entry("kms:ViaService", "sagemaker.us-east-1.amazonaws.com"),
        entry("aws:TagKeys", "a", "b", kind="stringList"),
    ]
    simulate = account.client("iam").simulate_custom_policy
    at = ("kms:CreateGrant", KEY)
    assert decisions(simulate(**asked, ContextEntries=entries))[at] == "allowed"
    assert decisions(simulate(**asked, ContextEntries=entries[:2]))[at] == "allowed"
    assert decisions(simulate(**asked, ContextEntries=entries[1:]))[at] == "implicitDeny"
    assert decisions(simulate(**asked))[at] == "implicitDeny"
    more = [*entries[:2], entry("aws:TagKeys", "a", "c", kind="stringList")]
    assert decisions(simulate(**asked, ContextEntries=more))[at] == "implicitDeny"


def test_a_roles_own_policies_are_simulated_and_a_stranger_is_told(account: Account):
    role = account.role("lambda.amazonaws.com", statement("s3:GetObject"))
    simulate = account.client("iam").simulate_principal_policy
    found = decisions(simulate(PolicySourceArn=role, ActionNames=["s3:GetObject", "s3:PutObject"]))
    assert found == {("s3:GetObject", "*"): "allowed", ("s3:PutObject", "*"): "implicitDeny"}
    with pytest.raises(ClientError, match="NoSuchEntity"):
        simulate(PolicySourceArn=f"{role}-not", ActionNames=["s3:GetObject"])


def test_a_policy_whose_resources_are_no_arns_is_refused(account: Account):
    with pytest.raises(ClientError, match="a Resource must be an ARN"):
        account.client("iam").simulate_custom_policy(
            PolicyInputList=[policy(statement("kms:Decrypt", resource="<Key.Arn>"))],
            ActionNames=["kms:Decrypt"],
        )
