"""A mistyped argument is refused when the machine is created, in a branch that no execution visits too."""

from typing import Any

import pytest

from localcloud.services.stepfunctions.definitions import resources
from localcloud.services.stepfunctions.definitions.argument_rules import argument_problems, started_problems

TRAINING = {
    "TrainingJobName": "{% $states.input.name %}",
    "RoleArn": "arn:aws:iam::111122223333:role/r",
    "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://b/p"},
    "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": "{% 60 %}"},
    "EnableNetworkIsolation": False,
    "Environment": {"A": "{% $states.input.a %}"},
}


def found(resource: str, arguments: Any, language: str = "JSONata") -> list[str]:
    name = "Arguments" if language == "JSONata" else "Parameters"
    state = {"Resource": f"arn:aws:states:::{resource}", name: arguments}
    return list(argument_problems(state, language, "/States/A"))


@pytest.mark.parametrize(
    ("resource", "arguments"),
    [
        ("lambda:invoke", {"FunctionName": "f", "Payload": {"any": ["JSON", 1, None]}}),
        ("lambda:invoke", {"FunctionName": "f", "Payload": 5}),
        ("sns:publish", {"TopicArn": "t", "Message": {"as": "JSON"}, "Subject": "s"}),
        ("sqs:sendMessage.waitForTaskToken", {"QueueUrl": "q", "MessageBody": {"Token": "{% 1 %}"}}),
        ("sagemaker:createTrainingJob.sync", TRAINING),
        ("states:startExecution.sync:2", {"StateMachineArn": "m", "Input": {"a": 1}, "Name": "n"}),
        ("aws-sdk:s3:listBuckets", {}),
        ("aws-sdk:sagemaker:describeEndpoint", {"EndpointName": "e"}),
        (
            "aws-sdk:textract:startDocumentTextDetection",
            {
                "DocumentLocation": {},
                "NotificationChannel": {"SnsTopicArn": "a", "RoleArn": "r"},
            },
        ),
        ("lambda:invoke", "{% $states.input %}"),
    ],
)
def test_what_the_integration_takes_is_taken(resource: str, arguments: Any):
    assert found(resource, arguments) == []


@pytest.mark.parametrize(
    ("resource", "arguments", "problem"),
    [
        (
            "sns:publish",
            {"TopicArm": "t", "Message": "m"},
            'The field "TopicArm" is not supported by Step Functions at /States/A/Arguments',
        ),
        ("sns:publish", {"TopicArn": "t"}, '"Message" is required but was missing at /States/A/Arguments'),
        ("sns:publish", {"TopicArn": "t", "Message": "m", "Subject": 5}, '"Subject" must be a STRING'),
        ("lambda:invoke", {}, '"FunctionName" is required but was missing'),
        ("lambda:invoke", {"FunctionName": "f", "LogType": "Tail"}, '"LogType" is not supported'),
        (
            "sagemaker:createTrainingJob.sync",
            {**TRAINING, "RetryStrategy": {"MaximumRetryAttempts": 1}},
            '"RetryStrategy" is not supported',
        ),
        (
            "sagemaker:createTrainingJob.sync",
            {**TRAINING, "ResourceConfig": {"InstanceCounts": 1}},
            '"InstanceCounts" is not supported by Step Functions at /States/A/Arguments/ResourceConfig',
        ),
        (
            "sagemaker:createTrainingJob.sync",
            {**TRAINING, "ResourceConfig": {"InstanceCount": "1", "VolumeSizeInGB": 30}},
            'The value for the field "InstanceCount" must be a NUMBER',
        ),
        (
            "sagemaker:createTrainingJob.sync",
            {**TRAINING, "HyperParameters": {"seed": 7}},
            '"seed" must be a STRING at /States/A/Arguments/HyperParameters/seed',
        ),
        (
            "sagemaker:createTrainingJob.sync",
            {**TRAINING, "InputDataConfig": {"ChannelName": "c"}},
            '"InputDataConfig" must be an ARRAY',
        ),
        (
            "sagemaker:createTrainingJob.sync",
            {**TRAINING, "Tags": [{"Key": "a", "Value": "b"}, {"Key": "a", "Worth": "b"}]},
            "at /States/A/Arguments/Tags[1]",
        ),
        (
            "sagemaker:createTrainingJob.sync",
            {**TRAINING, "EnableNetworkIsolation": "no"},
            '"EnableNetworkIsolation" must be a BOOLEAN',
        ),
        ("aws-sdk:sagemaker:describeEndpoint", {"endpointName": "e"}, '"endpointName" is not supported'),
        ("aws-sdk:sagemaker:describeEndpiont", {}, "is not recognized"),
        ("aws-sdk:sagemakers:describeEndpoint", {}, "is not recognized"),
        ("aws-sdk:s3:listBuckets", {"Shape": 1}, '"Shape" is not supported'),
    ],
)
def test_what_it_does_not_take_is_refused_with_its_place(resource: str, arguments: Any, problem: str):
    problems = found(resource, arguments)
    assert any(problem in each for each in problems), problems


def test_a_path_stands_for_the_field_it_fills():
    parameters = {"TopicArn.$": "$.topic", "Message.$": "$"}
    assert found("sns:publish", parameters, "JSONPath") == []
    wrong = found("sns:publish", {**parameters, "Subjects.$": "$.s"}, "JSONPath")
    assert wrong == [
        'SCHEMA_VALIDATION_FAILED: The field "Subjects" is not supported by Step Functions at'
        " /States/A/Parameters"
    ]


def test_what_an_expression_made_is_checked_when_the_task_starts():
    publish = resources.parse("arn:aws:states:::sns:publish")
    assert started_problems(publish, {"TopicArn": "t", "Message": "{% not an expression any more %}"}) == []
    assert started_problems(publish, {"TopicArn": "t", "Massage": "m"}) == [
        'The field "Massage" is not supported by Step Functions',
        'The field "Message" is required but was missing',
    ]
