"""What services refuse, names after a deletion, and what was just made: calls that cost nothing."""

from __future__ import annotations

import json

import pytest

from tests.conformance.world import World, code_of

REST = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
NO_TOKEN = "0b0c5b26-0a7c-4a06-a6b7-2fd2f0f9a3c1"


def topic(world: World) -> str:
    sns = world.client("sns")
    arn = str(sns.create_topic(Name=world.name())["TopicArn"])
    world.remove_later(f"topic {arn}", lambda: sns.delete_topic(TopicArn=arn))
    return arn


@pytest.mark.parametrize("subject", ["two\nlines", "x" * 101, "a bell\x07"])
def test_a_subject_that_sns_refuses(world: World, subject: str):
    """SNS API reference, Publish, Subject."""
    publish = world.client("sns").publish
    assert code_of(publish, TopicArn=topic(world), Message="m", Subject=subject) == "InvalidParameter"


def test_a_protocol_that_sns_does_not_have(world: World):
    """SNS API reference, Subscribe, Protocol."""
    subscribe = world.client("sns").subscribe
    assert code_of(subscribe, TopicArn=topic(world), Protocol="pigeon", Endpoint="x") == "InvalidParameter"


def machine(world: World, name: str) -> str:
    """A new machine; the role that was just made may not be assumable yet (IAM is eventually consistent)."""
    states = world.client("stepfunctions")
    role = world.role("states.amazonaws.com")
    made = world.patiently(
        lambda: states.create_state_machine(name=name, definition=json.dumps(REST), roleArn=role),
        "AccessDeniedException",
        "StateMachineDeleting",
    )
    arn = str(made["stateMachineArn"])
    world.remove_later(f"machine {arn}", lambda: states.delete_state_machine(stateMachineArn=arn))
    return arn


def test_a_machines_name_is_free_again_once_it_is_deleted(world: World):
    """Step Functions API reference, DeleteStateMachine: StateMachineDeleting until it is gone."""
    name = world.name()
    first = machine(world, name)
    world.client("stepfunctions").delete_state_machine(stateMachineArn=first)
    assert machine(world, name) == first


def test_a_standard_machine_is_not_started_synchronously(world: World):
    """Step Functions API reference, StartSyncExecution: for EXPRESS machines."""
    states, arn = world.client("stepfunctions"), machine(world, world.name())
    assert code_of(states.start_sync_execution, stateMachineArn=arn) == "StateMachineTypeNotSupported"


def test_the_executions_of_a_machine_that_is_not_there(world: World):
    """Step Functions API reference, ListExecutions."""
    states = world.client("stepfunctions")
    missing = f"{machine(world, world.name())}-not"
    assert code_of(states.list_executions, stateMachineArn=missing) == "StateMachineDoesNotExist"


def test_an_executions_name_is_taken_after_its_end(world: World):
    """Step Functions API reference, StartExecution: ExecutionAlreadyExists for 90 days."""
    states, arn = world.client("stepfunctions"), machine(world, world.name())
    asked = {"stateMachineArn": arn, "name": "once", "input": "{}"}
    started = world.patiently(lambda: states.start_execution(**asked), "StateMachineDoesNotExist")
    described = states.describe_execution
    ended = world.until(lambda: described(executionArn=started["executionArn"])["status"] == "SUCCEEDED", 900)
    assert ended
    assert code_of(states.start_execution, **asked) == "ExecutionAlreadyExists"


def test_a_log_groups_name_is_free_again_at_once(world: World):
    """CloudWatch Logs API reference, DeleteLogGroup."""
    logs, name = world.client("logs"), f"/{world.name()}"
    for _ in range(2):
        world.patiently(lambda: logs.create_log_group(logGroupName=name), "OperationAbortedException")
        logs.delete_log_group(logGroupName=name)


def test_a_conditional_grant_is_simulated_under_its_context(world: World):
    """IAM API reference, SimulateCustomPolicy, ContextEntries."""
    key = "arn:aws:kms:us-east-1:111122223333:key/k"
    condition = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    statement = {"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": key, "Condition": condition}
    asked = {
        "PolicyInputList": [json.dumps({"Version": "2012-10-17", "Statement": [statement]})],
        "ActionNames": ["kms:CreateGrant"],
        "ResourceArns": [key],
    }
    entry = {
        "ContextKeyName": "kms:GrantIsForAWSResource",
        "ContextKeyValues": ["true"],
        "ContextKeyType": "boolean",
    }
    simulate = world.client("iam").simulate_custom_policy
    with_it = simulate(**asked, ContextEntries=[entry])["EvaluationResults"][0]["EvalDecision"]
    without = simulate(**asked)["EvaluationResults"][0]["EvalDecision"]
    assert (with_it, without) == ("allowed", "implicitDeny")
