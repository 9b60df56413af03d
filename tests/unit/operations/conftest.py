"""A stage in moto's own server: the second cloud behind AWS_ENDPOINT_URL, beside the embedded one."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from operations.reading.clients import Clients
from operations.reading.stage import StageReader

NAME, CHAMPION = "housing-dev", "housing-dev-0123456789abcdef"
ACCOUNT, REGION = "123456789012", "us-east-1"
BUCKET = f"{NAME}-artifacts"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{NAME}-pipeline"
DEFINITION = {
    "StartAt": "IngestData",
    "States": {
        "IngestData": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Comment": "reads",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
            "Next": "IsGood",
        },
        "IsGood": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.good", "BooleanEquals": True, "Next": "Promoted", "Comment": "yes"}],
            "Default": "Rejected",
        },
        "Promoted": {"Type": "Succeed"},
        "Rejected": {"Type": "Succeed"},
        "Failed": {"Type": "Fail"},
    },
}


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def moto_cloud(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty account behind AWS_ENDPOINT_URL."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    reset()
    return moto_url


def reset() -> None:
    """Forget what another test left: moto keeps its account as long as its process lives."""
    from moto.backends import get_backend

    for service in ("cloudformation", "sagemaker", "stepfunctions", "sqs", "s3", "cloudwatch", "logs"):
        get_backend(service).reset()


@pytest.fixture
def clients(moto_cloud: str) -> Clients:
    return Clients.open()


@pytest.fixture
def stage(clients: Clients) -> StageReader:
    """Deployed, with queues, buckets and a state machine, and nothing in them."""
    sqs = clients("sqs")
    queues = {
        output: sqs.create_queue(QueueName=f"{NAME}-{name}")["QueueUrl"]
        for output, name in (("UploadQueueUrl", "uploads"), ("DeadLetterQueueUrl", "dead-letters"))
    }
    clients("s3").create_bucket(Bucket=BUCKET)
    clients("stepfunctions").create_state_machine(
        name=f"{NAME}-pipeline", definition=json.dumps(DEFINITION), roleArn=ROLE
    )
    clients("sagemaker").create_model_package_group(ModelPackageGroupName=f"{NAME}-models")
    outputs = {
        **queues,
        "ArtifactBucketName": BUCKET,
        "RawBucketName": f"{NAME}-raw",
        "StateMachineArn": MACHINE,
        "EndpointName": NAME,
        "ModelPackageGroupName": f"{NAME}-models",
        "MlflowTrackingUri": "arn:aws:sagemaker:us-east-1:123456789012:mlflow-app/app-1",
    }
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    clients("cloudformation").create_stack(StackName=NAME, TemplateBody=json.dumps(template))
    return StageReader.open(NAME)


def register(clients: Clients, name: str, status: str = "Approved", **properties: str) -> str:
    """A model package of a training job; its ARN."""
    made: dict[str, Any] = clients("sagemaker").create_model_package(
        ModelPackageGroupName=f"{NAME}-models",
        ModelPackageDescription="rmse_error 42,000",
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [
                {"Image": f"{ACCOUNT}.dkr.ecr/serving@sha256:1", "ModelDataUrl": "s3://b/m.tar.gz"}
            ],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        CustomerMetadataProperties={"training_job_name": name, **properties},
    )
    return str(made["ModelPackageArn"])


def serve(clients: Clients, name: str) -> None:
    """An endpoint whose config is named after the model."""
    sagemaker = clients("sagemaker")
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "i"})
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 2,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=name)
