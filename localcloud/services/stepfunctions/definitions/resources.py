"""The resources that a Task may name, and how each integration is done.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ARN = re.compile(
    r"arn:aws:states:::(?P<sdk>aws-sdk:)?(?P<service>[a-z0-9-]+):(?P<action>[A-Za-z0-9]+)"
    r"(?:\.(?P<pattern>sync(?::2)?|waitForTaskToken))?\Z"
)
_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_]+(:[A-Za-z0-9-_$]+)?\Z")


class UnsupportedResourceError(ValueError):
    """A Task names a resource that AWS does not have or that the embedded cloud does not offer."""


@dataclass(frozen=True)
class Optimized:
    """An optimized integration: its boto3 service, the prefix of its errors, AWS's name of the service."""

    client: str
    prefix: str
    exception: str
    service: str
    actions: frozenset[str]


@dataclass(frozen=True)
class Job:
    """What `.sync` waits for: the call that describes the job, its key, and the statuses that end it."""

    describe: str
    key: str
    status: str
    succeeded: frozenset[str]
    ended: frozenset[str]
    stop: str
    managed_rule: str
    resource_type: str = ""
    """What SageMaker calls such a job in its ARN; empty of other services."""


@dataclass(frozen=True)
class Resource:
    """A Task's Resource, taken apart; `function_arn` set for a Lambda function named directly."""

    arn: str
    service: str
    action: str
    sdk: bool = False
    pattern: str | None = None
    function_arn: str | None = None

    @property
    def waits_for_token(self) -> bool:
        return self.pattern == "waitForTaskToken"

    @property
    def is_sync(self) -> bool:
        return self.pattern in ("sync", "sync:2")

    @property
    def job(self) -> Job | None:
        """How to wait for the job that this integration starts."""
        return JOBS.get((self.service, self.action)) if self.is_sync else None

    @property
    def history_type(self) -> str:
        """The resourceType of task events."""
        return f"aws-sdk:{self.service}" if self.sdk else self.service


OPTIMIZED: Mapping[str, Optimized] = {
    "lambda": Optimized("lambda", "Lambda", "AWSLambdaException", "AWSLambda", frozenset({"invoke"})),
    "sns": Optimized("sns", "SNS", "AmazonSNSException", "AmazonSNS", frozenset({"publish"})),
    "sqs": Optimized("sqs", "SQS", "AmazonSQSException", "AmazonSQS", frozenset({"sendMessage"})),
    "dynamodb": Optimized(
        "dynamodb",
        "DynamoDB",
        "AmazonDynamoDBException",
        "AmazonDynamoDBv2",
        frozenset({"getItem", "putItem", "updateItem", "deleteItem"}),
    ),
    "events": Optimized(
        "events", "EventBridge", "AmazonEventBridgeException", "AmazonEventBridge", frozenset({"putEvents"})
    ),
    "sagemaker": Optimized(
        "sagemaker",
        "SageMaker",
        "AmazonSageMakerException",
        "AmazonSageMaker",
        frozenset(
            {
                "createTrainingJob",
                "createTransformJob",
                "createModel",
                "createEndpointConfig",
                "createEndpoint",
                "updateEndpoint",
            }
        ),
    ),
    "states": Optimized(
        "stepfunctions",
        "StepFunctions",
        "AWSStepFunctionsException",
        "AWSStepFunctions",
        frozenset({"startExecution"}),
    ),
}

JOBS: Mapping[tuple[str, str], Job] = {
    ("sagemaker", "createTrainingJob"): Job(
        describe="describeTrainingJob",
        key="TrainingJobName",
        status="TrainingJobStatus",
        succeeded=frozenset({"Completed"}),
        ended=frozenset({"Completed", "Failed", "Stopped"}),
        stop="stopTrainingJob",
        managed_rule="StepFunctionsGetEventsForSageMakerTrainingJobsRule",
        resource_type="training-job",
    ),
    ("sagemaker", "createTransformJob"): Job(
        describe="describeTransformJob",
        key="TransformJobName",
        status="TransformJobStatus",
        succeeded=frozenset({"Completed"}),
        ended=frozenset({"Completed", "Failed", "Stopped"}),
        stop="stopTransformJob",
        managed_rule="StepFunctionsGetEventsForSageMakerTransformJobsRule",
        resource_type="transform-job",
    ),
    ("states", "startExecution"): Job(
        describe="describeExecution",
        key="ExecutionArn",
        status="Status",
        succeeded=frozenset({"SUCCEEDED"}),
        ended=frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}),
        stop="stopExecution",
        managed_rule="StepFunctionsGetEventsForStepFunctionsExecutionRule",
    ),
}


def parse(arn: str) -> Resource:
    """Take a Task's Resource apart; UnsupportedResourceError says what cannot be done with it."""
    if _FUNCTION.match(arn):
        return Resource(arn, "lambda", "invoke", function_arn=arn)
    match = _ARN.match(arn)
    if match is None:
        raise UnsupportedResourceError(f"{arn} is not the ARN of a task that the embedded cloud can run")
    service, action, pattern = match["service"], match["action"], match["pattern"]
    resource = Resource(arn, service, action, sdk=bool(match["sdk"]), pattern=pattern)
    if resource.sdk:
        if resource.is_sync:
            raise UnsupportedResourceError(f"{arn}: AWS SDK integrations have no .sync")
        return resource
    offered = OPTIMIZED.get(service)
    if offered is None or action not in offered.actions:
        raise UnsupportedResourceError(
            f"{arn}: the embedded cloud has no optimized integration {service}:{action}; use"
            f" arn:aws:states:::aws-sdk:{service}:{action}"
        )
    if resource.is_sync and resource.job is None:
        raise UnsupportedResourceError(f"{arn}: {service}:{action} cannot be waited for with .sync")
    return resource
