"""Requests to Step Functions that AWS refuses, and a state tried by itself."""

import json
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.integration.account import Account, statement

REST = {"Type": "Wait", "Seconds": 0, "End": True}
NO_TOKEN = "0b0c5b26-0a7c-4a06-a6b7-2fd2f0f9a3c1"


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def states(account: Account) -> Any:
    # AWS serves these two at a host of their own, whose name botocore puts before the endpoint's.
    return account.cloud.client("stepfunctions", config=Config(inject_host_prefix=False))


@pytest.fixture(scope="module")
def nobody(account: Account) -> str:
    """The ARN of a machine that is not there."""
    return f"{account.machine({'Rest': REST}, 'Rest')}-not"


def test_lists_of_a_missing_machine_and_bogus_pages_are_refused(states, nobody: str):
    assert refused(states.list_executions, stateMachineArn=nobody) == "StateMachineDoesNotExist"
    assert refused(states.list_executions) == "ValidationException"
    for name in ("list_state_machines", "list_activities"):
        assert refused(getattr(states, name), nextToken="bogus") == "InvalidToken"
    there = nobody.removesuffix("-not")
    assert refused(states.list_executions, stateMachineArn=there, nextToken="bogus") == "InvalidToken"
    assert states.list_executions(stateMachineArn=there)["executions"] == []


def test_a_bogus_token_is_invalid_and_an_ended_ones_task_is_gone(states):
    assert refused(states.send_task_success, taskToken="bogus", output="{}") == "InvalidToken"
    assert refused(states.send_task_heartbeat, taskToken=NO_TOKEN) == "TaskTimedOut"
    assert refused(states.send_task_failure, taskToken=NO_TOKEN) == "TaskTimedOut"


def test_a_standard_machine_is_not_started_synchronously(states, nobody: str):
    there = nobody.removesuffix("-not")
    started = states.start_sync_execution
    assert refused(started, stateMachineArn=there) == "StateMachineTypeNotSupported"
    assert refused(started, stateMachineArn=nobody) == "StateMachineDoesNotExist"


def test_an_express_machine_answers_with_its_end(account: Account, states):
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Double",
        "States": {"Double": {"Type": "Pass", "Output": "{% $states.input.n * 2 %}", "End": True}},
    }
    made = states.create_state_machine(
        name="express",
        type="EXPRESS",
        definition=json.dumps(definition),
        roleArn=account.role("states.amazonaws.com"),
    )
    ended = states.start_sync_execution(stateMachineArn=made["stateMachineArn"], input='{"n": 2}')
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", "4")


def tried(states: Any, state: dict[str, Any], **more: Any) -> dict[str, Any]:
    definition = json.dumps({"QueryLanguage": "JSONata", **state})
    answer = dict(states.test_state(definition=definition, **more))
    answer.pop("ResponseMetadata")
    return answer


def test_a_state_is_tried_by_itself(states):
    ask = {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input.n > 1 %}", "Next": "Many", "Output": "{% $states.input.n %}"}
        ],
        "Default": "Few",
    }
    assert tried(states, ask, input='{"n": 2}') == {"status": "SUCCEEDED", "output": "2", "nextState": "Many"}
    assert tried(states, ask, input='{"n": 1}')["nextState"] == "Few"


def test_a_task_is_tried_in_its_role_and_its_failure_is_told(account: Account, states):
    function = account.function(
        "class BadDataError(Exception): pass\n"
        "def handle(e, c):\n    if e: raise BadDataError('x')\n    return 7\n"
    )
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        "Next": "After",
    }
    allowed = account.role("states.amazonaws.com", statement("lambda:InvokeFunction"))
    done = tried(states, task, roleArn=allowed, input="0")
    assert done == {"status": "SUCCEEDED", "output": "7", "nextState": "After"}
    assert tried(states, task, roleArn=allowed, input="1")["error"] == "BadDataError"
    retried = {**task, "Retry": [{"ErrorEquals": ["BadDataError"]}]}
    assert tried(states, retried, roleArn=allowed, input="1")["status"] == "RETRIABLE"
    output = "{% $states.errorOutput.Error %}"
    caught = {**task, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Mend", "Output": output}]}
    answer = tried(states, caught, roleArn=allowed, input="1")
    assert (answer["status"], answer["nextState"], answer["output"]) == (
        "CAUGHT_ERROR",
        "Mend",
        '"BadDataError"',
    )
    denied = tried(states, task, roleArn=account.role("states.amazonaws.com"), input="0")
    assert denied["status"] == "FAILED"
    assert "not authorized to perform: lambda:InvokeFunction" in denied["cause"]


def test_what_cannot_be_tried_is_refused_by_name(states):
    assert refused(states.test_state, definition="{") == "InvalidDefinition"
    bad = {"QueryLanguage": "JSONata", "Type": "Pass", "Output": "{% phone %}", "End": True}
    assert refused(states.test_state, definition=json.dumps(bad)) == "InvalidDefinition"
    waiting = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}
    assert refused(states.test_state, definition=json.dumps(waiting)) == "ValidationException"
    with pytest.raises(ClientError, match="inspects at level INFO alone"):
        states.test_state(definition=json.dumps(REST), inspectionLevel="TRACE")
