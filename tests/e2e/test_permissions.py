"""Take one permission out of a role and the run fails with AccessDenied that names the action."""

import contextlib
import json

import pytest

from contracts.names import Names

PREFIX = Names("housing", "dev").prefix


@contextlib.contextmanager
def revoked(iam, role_name, action):
    """The role without one action, for a while."""
    changed = {}
    for policy_name in iam.list_role_policies(RoleName=role_name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role_name, PolicyName=policy_name)["PolicyDocument"]
        changed[policy_name] = document
        less = {**document, "Statement": list(_without(document["Statement"], action))}
        iam.put_role_policy(RoleName=role_name, PolicyName=policy_name, PolicyDocument=json.dumps(less))
    assert changed
    try:
        yield
    finally:
        for policy_name, document in changed.items():
            iam.put_role_policy(
                RoleName=role_name, PolicyName=policy_name, PolicyDocument=json.dumps(document)
            )


def _without(statements, action):
    for statement in statements:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        left = [a for a in actions if a != action]
        if left:
            yield {**statement, "Action": left}


@pytest.fixture(scope="module")
def roles(pipeline):
    """Role names by what they are for."""
    found = pipeline.cloud.client("cloudformation").describe_stack_resources(StackName=PREFIX)
    return [r["PhysicalResourceId"] for r in found["StackResources"] if r["ResourceType"] == "AWS::IAM::Role"]


CASES = [
    ("IngestData", "s3:PutObject"),
    ("Pipeline", "sagemaker:CreateTrainingJob"),
    ("TrainingRole", "s3:GetObject"),
]


@pytest.mark.parametrize(("role", "action"), CASES)
def test_without_one_permission_the_run_fails_and_names_it(pipeline, roles, good_csv, role, action):
    (role_name,) = [name for name in roles if role in name]
    with revoked(pipeline.cloud.client("iam"), role_name, action):
        execution = pipeline.run(f"incoming/without-{role.lower()}.csv", good_csv)
    assert execution.status == "FAILED"
    assert "AccessDenied" in execution.error + execution.cause
    assert action in execution.cause
