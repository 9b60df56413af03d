"""Step Functions does what the States Language says, with JSONata throughout."""

import json
import threading

import pytest
from botocore.exceptions import ClientError

from tests.integration.account import Account, statement

INVOKE = statement("lambda:InvokeFunction")


def invoke(function: str, **more: object) -> dict[str, object]:
    arguments = {"FunctionName": function, "Payload": "{% $states.input %}"}
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": arguments, **more}


def output(ended: dict[str, object]) -> object:
    assert ended["status"] == "SUCCEEDED", ended
    return json.loads(str(ended["output"]))


def kinds(account: Account, ended: dict[str, object]) -> list[str]:
    return [event["type"] for event in account.history(str(ended["executionArn"]))]


def test_output_and_assign_see_the_result_and_later_states_the_variable(account: Account):
    function = account.function("def handle(event, context):\n    return event['n'] * 2\n")
    task = invoke(
        function,
        Output="{% $merge([$states.input, {'twice': $states.result.Payload}]) %}",
        Assign={"kept": "{% $states.result.Payload %}"},
        Next="Tell",
    )
    tell = {"Type": "Pass", "Output": {"kept": "{% $kept %}", "was": "{% $states.input %}"}, "End": True}
    machine = account.machine(
        {"Work": task, "Tell": tell}, "Work", role=account.role("states.amazonaws.com", INVOKE)
    )
    assert output(account.run(machine, {"n": 21})) == {"kept": 42, "was": {"n": 21, "twice": 42}}


def test_a_catch_matches_the_class_of_the_error(account: Account):
    function = account.function(
        "class BadDataError(Exception): pass\ndef handle(e, c):\n    raise BadDataError('x')\n"
    )
    catch = {"ErrorEquals": ["BadDataError"], "Output": "{% $states.errorOutput.Error %}", "Next": "Caught"}
    machine = account.machine(
        {"Work": invoke(function, Catch=[catch], End=True), "Caught": {"Type": "Succeed"}},
        "Work",
        role=account.role("states.amazonaws.com", INVOKE),
    )
    assert output(account.run(machine)) == "BadDataError"


def test_a_retry_tries_again_and_counts(account: Account):
    source = "def handle(event, context):\n    raise ValueError('always')\n"
    retry = {"ErrorEquals": ["ValueError"], "MaxAttempts": 2, "IntervalSeconds": 1, "MaxDelaySeconds": 2}
    catch = {
        "ErrorEquals": ["States.ALL"],
        "Output": "{% $states.context.State.RetryCount %}",
        "Next": "Caught",
    }
    machine = account.machine(
        {
            "Work": invoke(account.function(source), Retry=[retry], Catch=[catch], End=True),
            "Caught": {"Type": "Succeed"},
        },
        "Work",
        role=account.role("states.amazonaws.com", INVOKE),
    )
    ended = account.run(machine)
    assert output(ended) == 2
    assert kinds(account, ended).count("TaskFailed") == 3


def test_a_parallel_passes_arguments_and_gathers_outputs(account: Account):
    def branch(name: str) -> dict[str, object]:
        state = {"Type": "Pass", "Output": f"{{% '{name}' & $string($states.input.n) %}}", "End": True}
        return {"StartAt": name, "States": {name: state}}

    parallel = {
        "Type": "Parallel",
        "Arguments": {"n": "{% $states.input.n + 1 %}"},
        "Branches": [branch("A"), branch("B")],
        "Output": {"both": "{% $states.result %}"},
        "Assign": {"first": "{% $states.result[0] %}"},
        "Next": "Tell",
    }
    tell = {"Type": "Succeed", "Output": "{% $merge([$states.input, {'first': $first}]) %}"}
    machine = account.machine({"Both": parallel, "Tell": tell}, "Both")
    assert output(account.run(machine, {"n": 1})) == {"both": ["A2", "B2"], "first": "A2"}


def test_a_map_runs_each_item_and_keeps_their_order(account: Account):
    processor = {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "Double",
        "States": {"Double": {"Type": "Pass", "Output": "{% $states.input.item * 2 %}", "End": True}},
    }
    each = {
        "Type": "Map",
        "Items": "{% $states.input.numbers %}",
        "ItemSelector": {"item": "{% $states.context.Map.Item.Value %}"},
        "ItemProcessor": processor,
        "End": True,
    }
    assert output(account.run(account.machine({"Each": each}, "Each"), {"numbers": [1, 2, 3]})) == [2, 4, 6]


def test_a_distributed_map_reads_its_items_from_s3_in_the_machines_role(account: Account):
    s3 = account.client("s3")
    s3.create_bucket(Bucket="map-items")
    s3.put_object(Bucket="map-items", Key="items.json", Body=json.dumps([1, 2, 3, 4, 5]))
    each = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Arguments": {"Bucket": "{% $states.input.bucket %}", "Key": "items.json"},
        },
        "ItemBatcher": {"MaxItemsPerBatch": 2},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Sum",
            "States": {"Sum": {"Type": "Pass", "Output": "{% $sum($states.input.Items) %}", "End": True}},
        },
        "End": True,
    }
    role = account.role("states.amazonaws.com")
    machine = account.machine({"Each": each}, "Each", role=role)
    denied = account.run(machine, {"bucket": "map-items"})
    assert denied["error"] == "States.ItemReaderFailed"
    assert "s3:GetObject" in denied["cause"]
    account.permit(role, statement("s3:GetObject"))
    for action in ("states:StartExecution", "states:DescribeExecution"):
        denied = account.run(machine, {"bucket": "map-items"})
        assert denied["error"] == "States.Permissions"
        assert action in denied["cause"]
        account.permit(role, statement("s3:GetObject", "states:StartExecution", action))
    ended = account.run(machine, {"bucket": "map-items"})
    assert output(ended) == [3, 7, 5]
    runs = account.client("stepfunctions").list_map_runs(executionArn=ended["executionArn"])["mapRuns"]
    children = account.client("stepfunctions").list_executions(mapRunArn=runs[0]["mapRunArn"])["executions"]
    assert [child["status"] for child in children] == ["SUCCEEDED"] * 3


def test_fail_takes_its_error_and_cause_from_expressions(account: Account):
    fail = {
        "Type": "Fail",
        "Error": "{% $states.input.kind %}",
        "Cause": "{% 'because ' & $states.input.why %}",
    }
    ended = account.run(account.machine({"Stop": fail}, "Stop"), {"kind": "BadDataError", "why": "so"})
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "BadDataError", "because so")
    assert "output" not in ended


def test_an_undefined_value_is_a_query_evaluation_error_that_names_the_state(account: Account):
    ended = account.run(
        account.machine({"Look": {"Type": "Pass", "Output": "{% $states.input.no %}", "End": True}}, "Look")
    )
    assert ended["error"] == "States.QueryEvaluationError"
    events = account.history(ended["executionArn"])
    evaluation = next(event for event in events if event["type"] == "EvaluationFailed")
    assert evaluation["evaluationFailedEventDetails"]["state"] == "Look"


def test_a_task_past_its_timeout_is_states_timeout(account: Account):
    function = account.function("import time\ndef handle(event, context):\n    time.sleep(5)\n")
    machine = account.machine(
        {"Work": invoke(function, TimeoutSeconds=1, End=True)},
        "Work",
        role=account.role("states.amazonaws.com", INVOKE),
    )
    ended = account.run(machine)
    assert ended["error"] == "States.Timeout"
    assert "TaskTimedOut" in kinds(account, ended)


def test_an_execution_past_the_machines_timeout_is_timed_out(account: Account):
    machine = account.machine(
        {"Rest": {"Type": "Wait", "Seconds": 60, "End": True}}, "Rest", TimeoutSeconds=15
    )
    assert account.run(machine)["status"] == "TIMED_OUT"


def test_a_token_brings_the_answer_of_whoever_was_asked(account: Account):
    queue = account.client("sqs").create_queue(QueueName="approvals")["QueueUrl"]
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": queue, "MessageBody": {"token": "{% $states.context.Task.Token %}"}},
        "TimeoutSeconds": 60,
        "End": True,
    }
    role = account.role("states.amazonaws.com", statement("sqs:SendMessage"))
    machine = account.machine({"Ask": ask}, "Ask", role=role)
    states = account.client("stepfunctions")
    started = states.start_execution(stateMachineArn=machine)
    received = account.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"][0]
    states.send_task_success(taskToken=json.loads(received["Body"])["token"], output='{"approved": true}')
    assert output(account.ended(started["executionArn"])) == {"approved": True}


def test_starting_twice_with_the_same_name_and_input_starts_once(account: Account):
    states = account.client("stepfunctions")
    machine = account.machine({"Rest": {"Type": "Wait", "Seconds": 30, "End": True}}, "Rest")
    first = states.start_execution(stateMachineArn=machine, name="upload-1", input='{"a": 1}')
    again = states.start_execution(stateMachineArn=machine, name="upload-1", input='{"a": 1}')
    assert again == {**first, "ResponseMetadata": again["ResponseMetadata"]}
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name="upload-1", input='{"a": 2}')
    account.ended(first["executionArn"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name="upload-1", input='{"a": 1}')


def test_stopping_ends_an_execution_at_once(account: Account):
    states = account.client("stepfunctions")
    machine = account.machine({"Rest": {"Type": "Wait", "Seconds": 3600, "End": True}}, "Rest")
    arn = states.start_execution(stateMachineArn=machine)["executionArn"]
    states.stop_execution(executionArn=arn, error="Stopped", cause="by hand")
    ended = account.ended(arn)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Stopped", "by hand")
    assert kinds(account, ended)[-1] == "ExecutionAborted"


def test_a_redrive_continues_at_the_state_that_failed(account: Account):
    function = account.function("def handle(event, context):\n    return 'fixed'\n")
    role = account.role("states.amazonaws.com")
    machine = account.machine(
        {
            "First": {"Type": "Pass", "Output": {"first": "done"}, "Next": "Work"},
            "Work": invoke(function, Output="{% $states.result.Payload %}", End=True),
        },
        "First",
        role=role,
    )
    failed = account.run(machine)
    assert failed["redriveStatus"] == "REDRIVABLE"
    account.permit(role, INVOKE)
    account.client("stepfunctions").redrive_execution(executionArn=failed["executionArn"])
    ended = account.ended(failed["executionArn"])
    assert output(ended) == "fixed"
    assert ended["redriveCount"] == 1
    found = kinds(account, ended)
    assert found.count("PassStateEntered") == 1
    assert "ExecutionRedriven" in found


@pytest.mark.parametrize(
    ("states", "complaint"),
    [
        ({"A": {"Type": "Pass", "Next": "B"}}, "Missing 'Next' target: B"),
        ({"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}, 'State "B" is not reachable'),
        ({"A": {"Type": "Pass", "ResultPath": "$.x", "End": True}}, "ResultPath"),
        (
            {"A": {"Type": "Task", "Resource": "arn:aws:states:::no:thing", "End": True}},
            "no optimized integration",
        ),
        ({"A": {"Type": "Pass", "Output": "{% $( %}", "End": True}}, "INVALID_JSONATA_EXPRESSION"),
        ({"A": {"Type": "Nap", "End": True}}, "/States/A/Type"),
    ],
)
def test_a_bad_definition_is_refused_when_it_is_created(account: Account, states, complaint: str):
    with pytest.raises(ClientError) as caught:
        account.machine(states, "A")
    assert caught.value.response["Error"]["Code"] == "InvalidDefinition"
    assert complaint in str(caught.value)


def test_executions_run_beside_one_another(account: Account):
    machine = account.machine({"Rest": {"Type": "Wait", "Seconds": 15, "End": True}}, "Rest")
    ended: list[str] = []
    threads = [
        threading.Thread(target=lambda: ended.append(account.run(machine)["status"])) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == ["SUCCEEDED"] * 5


def test_a_mistyped_argument_in_a_branch_that_nothing_visits_is_refused_and_told_by_validation(
    account: Account,
):
    tell = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True}
    states = {
        "Ask": {"Type": "Choice", "Choices": [{"Condition": False, "Next": "Tell"}], "Default": "Done"},
        "Tell": {**tell, "Arguments": {"TopicArm": "t", "Message": "m"}},
        "Done": {"Type": "Succeed"},
    }
    with pytest.raises(ClientError, match='"TopicArm" is not supported by Step Functions at /States/Tell'):
        account.machine(states, "Ask")
    definition = {"QueryLanguage": "JSONata", "StartAt": "Ask", "States": states}
    told = account.client("stepfunctions").validate_state_machine_definition(
        definition=json.dumps(definition)
    )
    assert told["result"] == "FAIL"
    assert [(each["code"], each["location"]) for each in told["diagnostics"]] == [
        ("SCHEMA_VALIDATION_FAILED", "/States/Tell/Arguments")
    ]


def test_an_argument_that_only_an_expression_gets_wrong_ends_the_task(account: Account):
    states = {
        "Call": invoke("work", Arguments="{% {'FunctionName': 'work', 'Paylode': 1} %}", End=True),
    }
    ended = account.run(account.machine(states, "Call"))
    assert ended["error"] == "States.Runtime"
    assert 'could not be used to start the Task: [The field "Paylode"' in ended["cause"]
