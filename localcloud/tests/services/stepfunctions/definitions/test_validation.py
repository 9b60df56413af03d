"""What is wrong with a definition is said with its place."""

import json
from typing import Any

import pytest

from localcloud.services.stepfunctions.definitions.validation import problems
from localcloud.services.stepfunctions.roles import managed_rules


def machine(states: dict[str, Any], **top) -> str:
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **top})


DONE = {"Type": "Succeed"}
GOOD_RETRY = {"ErrorEquals": ["States.ALL"], "MaxDelaySeconds": 30, "JitterStrategy": "FULL"}


def work(**more) -> dict[str, Any]:
    made = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True, **more}
    return {"Arguments": {"FunctionName": "work"}, **made} if "lambda" in made["Resource"] else made


def test_a_good_definition_has_no_problems():
    states = {
        "Work": {**work(Retry=[GOOD_RETRY], TimeoutSeconds="{% 5 %}"), "End": False, "Next": "Ask"},
        "Ask": {"Type": "Choice", "Choices": [{"Condition": True, "Next": "Each"}], "Default": "Done"},
        "Each": {
            "Type": "Map",
            "Items": [1],
            "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": True}}},
            "Next": "Done",
        },
        "Done": DONE,
    }
    del states["Work"]["End"]
    assert problems(machine(states)) == []


def each(config: dict[str, Any], **more) -> dict[str, Any]:
    processor = {
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "End": True}},
        "ProcessorConfig": config,
    }
    return {"A": {"Type": "Map", "ItemProcessor": processor, "End": True, **more}}


DISTRIBUTED = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
READER = {"Resource": "arn:aws:states:::s3:getObject", "Arguments": {"Bucket": "b", "Key": "k"}}


def test_a_distributed_map_may_read_label_and_tolerate():
    states = each(DISTRIBUTED, ItemReader=READER, Label="Parts", ToleratedFailureCount=0, MaxConcurrency=5)
    assert problems(machine(states)) == []


@pytest.mark.parametrize(
    ("states", "found"),
    [
        ({"A": {"Type": "Pass"}}, "Exactly one of 'Next' and 'End' must be there at /States/A"),
        ({"A": {"Type": "Pass", "End": True, "Next": "A"}}, "Exactly one of 'Next' and 'End'"),
        ({"A": {"Type": "Pass", "Next": "B"}}, "Missing 'Next' target: B at /States/A/Next"),
        ({"A": DONE, "B": DONE}, 'State "B" is not reachable. at /States/B'),
        (
            {"A": {"Type": "Task", "End": True}},
            "The field 'Resource' is required but was missing at /States/A",
        ),
        ({"A": work(InputPath="$")}, "Field is not supported by a JSONata Task state at /States/A/InputPath"),
        ({"A": work(Resource="arn:aws:states:::ecs:runTask.sync")}, "no optimized integration ecs:runTask"),
        (
            {"A": work(Resource="arn:aws:states:::aws-sdk:s3:getObject.sync")},
            "AWS SDK integrations have no .sync",
        ),
        ({"A": work(Retry=[{"ErrorEquals": []}])}, "non-empty array of error names at /States/A/Retry[0]"),
        (
            {"A": work(Retry=[GOOD_RETRY, {"ErrorEquals": ["X"]}])},
            "States.ALL must appear alone and in the last entry at /States/A/Retry[0]",
        ),
        ({"A": work(Retry=[{**GOOD_RETRY, "MaxDelaySeconds": 1}])}, "MaxDelaySeconds must be greater"),
        ({"A": work(Retry=[{**GOOD_RETRY, "BackoffRate": 0.5}])}, "/States/A/Retry[0]/BackoffRate"),
        ({"A": work(Retry=[{**GOOD_RETRY, "JitterStrategy": "SOME"}])}, "/States/A/Retry[0]/JitterStrategy"),
        (
            {"A": work(Catch=[{"ErrorEquals": ["X"], "Next": "B"}])},
            "Missing 'Next' target: B at /States/A/Catch[0]",
        ),
        ({"A": work(TimeoutSeconds=0)}, "/States/A/TimeoutSeconds"),
        ({"A": work(TimeoutSeconds=5, HeartbeatSeconds=5)}, "must be smaller than TimeoutSeconds"),
        ({"A": {"Type": "Wait", "End": True}}, "A Wait has exactly one of Seconds"),
        ({"A": {"Type": "Choice", "Choices": []}}, "Value is not a non-empty array at /States/A/Choices"),
        (
            {"A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "Next": "A"}]}},
            "A JSONata choice needs a Condition",
        ),
        (
            {"A": {"Type": "Choice", "Choices": [{"Condition": True, "Next": "B", "When": 1}]}, "B": DONE},
            "Field 'When' is not supported at /States/A/Choices[0]",
        ),
        ({"A": {"Type": "Pass", "Next": "A"}}, "MISSING_END_STATE: Workflow has no terminal state"),
        ({"A": {"Type": "Pass", "QueryLanguage": "JSONPath", "End": True}}, "JSONata states only"),
        ({"A" * 81: DONE}, "at most 80 characters"),
        ({"A": {"Type": "Pass", "Output": "{% ( %}", "End": True}}, "INVALID_JSONATA_EXPRESSION"),
        (
            {"A": {"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": DONE}}], "End": True}},
            "DUPLICATE",
        ),
        (
            each({"Mode": "SPREAD"}),
            "['DISTRIBUTED', 'INLINE'] at /States/A/ItemProcessor/ProcessorConfig/Mode",
        ),
        (each({"Mode": "DISTRIBUTED"}), "at /States/A/ItemProcessor/ProcessorConfig/ExecutionType"),
        (each({**DISTRIBUTED, "Kind": "X"}), "not supported at /States/A/ItemProcessor/ProcessorConfig/Kind"),
        (each({}, ItemReader=READER), "a distributed Map only at /States/A/ItemReader"),
        (each({"Mode": "INLINE"}, Label="L"), "only at /States/A/Label"),
        (each(DISTRIBUTED, Label="all parts"), "none of them special, at /States/A/Label"),
        (each(DISTRIBUTED, Label="x" * 41), "1 to 40 characters"),
        (
            each(DISTRIBUTED, ItemReader={"Resource": "arn:aws:states:::s3:get"}),
            "/States/A/ItemReader/Resource",
        ),
        (each(DISTRIBUTED, ToleratedFailurePercentage=101), "from 0 to 100 at /States/A/Tolerated"),
        (each(DISTRIBUTED, MaxConcurrency=-1), "not a number from 0 at /States/A/MaxConcurrency"),
    ],
)
def test_a_problem_is_said_with_its_place(states: dict[str, Any], found: str):
    assert any(found in problem for problem in problems(machine(states))), problems(machine(states))


def test_what_is_no_json_is_said():
    assert problems("{")[0].startswith("INVALID_JSON_DESCRIPTION")


def test_a_start_that_is_not_there_is_said():
    assert "Missing 'StartAt' target: B at /StartAt" in problems(machine({"A": DONE}, StartAt="B"))[0]


def test_every_sync_task_needs_its_managed_rule_nested_ones_too():
    train = work(Resource="arn:aws:states:::sagemaker:createTrainingJob.sync")
    both = {"Type": "Parallel", "Branches": [{"StartAt": "T", "States": {"T": train}}], "End": True}
    assert managed_rules(json.loads(machine({"Both": both}))) == {
        "StepFunctionsGetEventsForSageMakerTrainingJobsRule"
    }


def test_the_machines_own_time_limit_is_checked():
    assert "at /TimeoutSeconds" in problems(machine({"A": DONE}, TimeoutSeconds=0))[0]


def by_path(states: dict[str, Any]) -> list[str]:
    return problems(machine(states, QueryLanguage="JSONPath"))


def choice(rule: dict[str, Any]) -> dict[str, Any]:
    return {"A": {"Type": "Choice", "Choices": [{"Next": "B", **rule}]}, "B": DONE}


@pytest.mark.parametrize(
    "rule",
    [
        {"Variable": "$.x", "NumericLessThanEqualsPath": "$.y"},
        {"Not": {"Variable": "$.x", "IsPresent": True}},
        {"And": [{"Variable": "$.x", "StringMatches": "a*"}, {"Variable": "$.y", "BooleanEquals": True}]},
    ],
)
def test_a_comparison_by_path_is_taken(rule: dict[str, Any]):
    assert by_path(choice(rule)) == []


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"Variable": "$.x", "StringEqual": "a"}, "Field 'StringEqual' is not supported"),
        ({"Variable": "$.x", "StringEquals": "a", "IsNull": True}, "exactly one comparison"),
        ({"StringEquals": "a"}, "The field 'Variable' is required"),
        ({"And": []}, "a non-empty array of objects at /States/A/Choices[0]/And"),
        ({"Not": {"Variable": "$.x", "IsNull": True, "Next": "B"}}, "Field 'Next' is not supported"),
    ],
)
def test_a_rule_that_is_no_comparison_is_refused(rule: dict[str, Any], found: str):
    assert any(found in problem for problem in by_path(choice(rule))), by_path(choice(rule))


def test_a_limit_is_given_once():
    both = work(TimeoutSeconds=5, TimeoutSecondsPath="$.t", Parameters={"FunctionName": "f"})
    del both["Arguments"]
    assert "only be one of the following fields: [TimeoutSeconds" in by_path({"A": both})[0]
