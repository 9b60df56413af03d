"""Endpoints and models that are refused, keys' grants, and executions that are redriven: calls that cost next
to nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.test_refusals import machine
from tests.conformance.world import World, code_of

ACCOUNT_IMAGE = "{account}.dkr.ecr.us-east-1.amazonaws.com/greenlight-conformance-nothing:none"
FAILS = {
    "QueryLanguage": "JSONata",
    "StartAt": "Begin",
    "States": {"Begin": {"Type": "Pass", "Next": "Stop"}, "Stop": {"Type": "Fail", "Error": "Wanted"}},
}


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("describe_endpoint", {"EndpointName": "NAME"}),
        ("delete_endpoint", {"EndpointName": "NAME"}),
        ("update_endpoint", {"EndpointName": "NAME", "EndpointConfigName": "NAME"}),
        ("describe_endpoint_config", {"EndpointConfigName": "NAME"}),
        ("create_endpoint", {"EndpointName": "NAME", "EndpointConfigName": "NAME"}),
        ("describe_model", {"ModelName": "NAME"}),
        ("delete_model", {"ModelName": "NAME"}),
    ],
)
def test_what_is_not_there_is_a_validation_error(world: World, operation: str, arguments: dict[str, str]):
    """SageMaker has no code of its own for it: terraform-provider-aws, service/sagemaker/find.go, looks for
    ValidationException with "Could not find" or "Cannot find"."""
    asked = dict.fromkeys(arguments, world.name())
    assert code_of(getattr(world.client("sagemaker"), operation), **asked) == "ValidationException"


def test_a_config_of_a_model_that_is_not_there_is_refused(world: World):
    """SageMaker API reference, CreateEndpointConfig: ModelName is "the name of the model that you want to
    host"."""
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": world.name(),
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    create = world.client("sagemaker").create_endpoint_config
    assert (
        code_of(create, EndpointConfigName=world.name(), ProductionVariants=[variant])
        == "ValidationException"
    )


def test_a_model_of_an_image_that_is_not_there_is_refused(world: World):
    """SageMaker Developer Guide, "Use Your Own Inference Code with Hosting Services": the image lies in ECR,
    and the role may read it."""
    account = world.client("sts").get_caller_identity()["Account"]
    container = {"Image": ACCOUNT_IMAGE.format(account=account)}
    create, role = world.client("sagemaker").create_model, world.role("sagemaker.amazonaws.com")
    refused = code_of(create, ModelName=world.name(), ExecutionRoleArn=role, PrimaryContainer=container)
    assert refused == "ValidationException"


def key(world: World) -> str:
    kms = world.client("kms")
    made = str(kms.create_key(Description="greenlight conformance")["KeyMetadata"]["KeyId"])
    world.remove_later(f"key {made}", lambda: kms.schedule_key_deletion(KeyId=made, PendingWindowInDays=7))
    return made


@pytest.mark.costs(0.05, "a KMS key until it is scheduled for deletion")
def test_a_grant_is_listed_until_it_is_revoked(world: World):
    """KMS API reference, CreateGrant, ListGrants and RevokeGrant."""
    kms, key_id = world.client("kms"), key(world)
    role = world.role("sagemaker.amazonaws.com")
    made = world.patiently(
        lambda: kms.create_grant(KeyId=key_id, GranteePrincipal=role, Operations=["Decrypt"]),
        "InvalidArnException",
    )
    (grant,) = kms.list_grants(KeyId=key_id)["Grants"]
    assert (grant["GrantId"], grant["Operations"]) == (made["GrantId"], ["Decrypt"])
    kms.revoke_grant(KeyId=key_id, GrantId=made["GrantId"])
    assert world.until(lambda: not kms.list_grants(KeyId=key_id)["Grants"], 300)


def ended(world: World, arn: str, status: str) -> dict[str, Any]:
    states = world.client("stepfunctions")
    assert world.until(lambda: states.describe_execution(executionArn=arn)["status"] == status, 900)
    return dict(states.describe_execution(executionArn=arn))


def test_a_failed_execution_is_redriven_from_where_it_failed(world: World):
    """Step Functions API reference, RedriveExecution: the same execution, from the state that failed, by the
    definition and input that it had."""
    states, arn = world.client("stepfunctions"), machine(world, world.name())
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(FAILS))
    world.wait(60)  # an update is eventually consistent (UpdateStateMachine)
    started = states.start_execution(stateMachineArn=arn, input="{}")["executionArn"]
    assert ended(world, started, "FAILED")["redriveStatus"] == "REDRIVABLE"
    states.redrive_execution(executionArn=started)
    assert world.until(lambda: states.describe_execution(executionArn=started).get("redriveCount") == 1, 300)
    ended(world, started, "FAILED")
    events = states.get_execution_history(executionArn=started)["events"]
    entered = [e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e]
    assert entered.count("Begin") == 1
    assert [e["type"] for e in events].count("ExecutionRedriven") == 1


def test_an_execution_that_succeeded_is_not_redriven(world: World):
    """Step Functions API reference, RedriveExecution: ExecutionNotRedrivable."""
    states, arn = world.client("stepfunctions"), machine(world, world.name())
    started = world.patiently(
        lambda: states.start_execution(stateMachineArn=arn, input="{}"), "StateMachineDoesNotExist"
    )["executionArn"]
    ended(world, started, "SUCCEEDED")
    assert code_of(states.redrive_execution, executionArn=started) == "ExecutionNotRedrivable"
