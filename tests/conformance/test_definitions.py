"""Which definitions AWS refuses, each with its source; ValidateStateMachineDefinition is free."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.world import World

FUNCTION = {"FunctionName": "f"}
LAMBDA = "arn:aws:states:::lambda:invoke"
SNS = "arn:aws:states:::sns:publish"
TRAINING = "arn:aws:states:::sagemaker:createTrainingJob.sync"
JOB = {
    "TrainingJobName": "n",
    "RoleArn": "arn:aws:iam::111122223333:role/r",
    "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://b/p"},
    "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


def task(resource: str, arguments: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True, **more}


def passing(expression: str) -> dict[str, Any]:
    return {"Type": "Pass", "Output": {"v": f"{{% {expression} %}}"}, "End": True}


ACCEPTED = {
    "an SNS message as JSON (connect-sns)": task(
        SNS, {"TopicArn": "arn:aws:sns:us-east-1:111122223333:t", "Message": {"a": 1}}
    ),
    "a training job as documented (connect-sagemaker)": task(TRAINING, JOB),
    "what CDK's task writes (aws-cdk, create-training-job.ts)": task(
        TRAINING, {**JOB, "EnableNetworkIsolation": False, "Environment": {"A": "b"}}
    ),
    "a result in Output (states-language.net, JSONata)": task(
        LAMBDA, FUNCTION, Output="{% $states.result.Payload %}"
    ),
    "names below a path (states-language.net, JSONata)": passing("$states.input.items[kind = 'a'].price"),
}
REFUSED = {
    "an unknown argument (aws-cdk#10014)": task(SNS, {"TopicArm": "t", "Message": "m"}),
    "a missing argument (connect-lambda)": task(LAMBDA, {"Payload": 1}),
    "a text for a number (connect-parameters)": task(
        TRAINING, {**JOB, "StoppingCondition": {"MaxRuntimeInSeconds": "60"}}
    ),
    "an action that is none (supported-services-awssdk)": task(
        "arn:aws:states:::aws-sdk:sagemaker:describeEndpiont", {"EndpointName": "e"}
    ),
    "a name at the top level (floci#2670)": passing("phone"),
    "the root (floci#2745)": passing("$$"),
    "an error outside of Catch (floci#2745, sst#6110)": passing("$states.errorOutput"),
    "an expression that does not parse (floci#2745)": passing("1 +"),
    "?? (re:Post: not in 2.0.6)": passing("$states.input.a ?? 1"),
    "no end (floci#2735)": {"Type": "Pass", "Next": "A"},
    "a retry of a Pass (floci#2735)": {
        "Type": "Pass",
        "Retry": [{"ErrorEquals": ["States.ALL"]}],
        "End": True,
    },
    "the name states (workflow-variables)": {"Type": "Pass", "Assign": {"states": 1}, "End": True},
    "a name of 81 characters (workflow-variables)": {"Type": "Pass", "Assign": {"x" * 81: 1}, "End": True},
}


def result(world: World, state: dict[str, Any]) -> tuple[str, list[str]]:
    definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}}
    answer = world.client("stepfunctions").validate_state_machine_definition(
        definition=json.dumps(definition)
    )
    return answer["result"], [f"{each['code']}: {each['message']}" for each in answer["diagnostics"]]


@pytest.mark.parametrize("state", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(world: World, state: dict[str, Any]):
    assert result(world, state) == ("OK", [])


@pytest.mark.parametrize("state", REFUSED.values(), ids=REFUSED)
def test_refused(world: World, state: dict[str, Any]):
    verdict, diagnostics = result(world, state)
    assert verdict == "FAIL", diagnostics
