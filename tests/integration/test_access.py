"""Nobody gets in who may not: signatures, sessions, and the roles of state machines."""

import json
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.host.launch import Running
from tests.integration.account import Account, statement


def client_as(cloud: Running, service: str, **credentials: Any) -> Any:
    session = boto3.Session(region_name="us-east-1", **credentials)
    return session.client(service, endpoint_url=cloud.endpoint_url)


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_the_administrator_puts_an_object(cloud: Running):
    s3 = cloud.client("s3")
    s3.put_object(Bucket=cloud.outputs["ArtifactBucketName"], Key="hello.txt", Body=b"hello")
    got = s3.get_object(Bucket=cloud.outputs["ArtifactBucketName"], Key="hello.txt")
    assert got["Body"].read() == b"hello"
    assert got["ServerSideEncryption"] == "aws:kms"


def test_an_unsigned_request_is_refused(cloud: Running):
    anonymous = boto3.Session(region_name="us-east-1").client(
        "s3", endpoint_url=cloud.endpoint_url, config=Config(signature_version=UNSIGNED)
    )
    assert refused(anonymous.list_objects_v2, Bucket=cloud.outputs["RawBucketName"]) == "AccessDenied"


def test_an_unsigned_json_request_is_refused(cloud: Running):
    request = urllib.request.Request(
        cloud.endpoint_url,
        b"{}",
        {"X-Amz-Target": "SageMaker.ListEndpoints", "Content-Type": "application/x-amz-json-1.1"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert json.load(caught.value)["__type"].startswith("MissingAuthenticationToken")
    assert caught.value.code in (400, 403)


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_ministack/config", "/_localstack/health", "/v2/_catalog"]
)
def test_no_side_door_is_open(bare_cloud: Running, path: str):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(bare_cloud.endpoint_url + path, data=b"{}")
    assert caught.value.code == 403
    caught.value.close()


@pytest.mark.parametrize("service", ["s3", "stepfunctions", "sagemaker", "sqs", "cloudwatch"])
def test_a_wrong_secret_does_not_match_the_signature(cloud: Running, service: str):
    keys = {
        "aws_access_key_id": cloud.environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": "not the secret",
    }
    calls = {
        "s3": "list_buckets",
        "stepfunctions": "list_state_machines",
        "sagemaker": "list_endpoints",
        "sqs": "list_queues",
        "cloudwatch": "list_metrics",
    }
    code = refused(getattr(client_as(cloud, service, **keys), calls[service]))
    assert code in ("SignatureDoesNotMatch", "InvalidSignatureException")


@pytest.mark.parametrize("key", ["test", "111122223333", "AKIAUNKNOWN000000000"])
def test_no_key_counts_as_root(cloud: Running, key: str):
    stranger = client_as(cloud, "stepfunctions", aws_access_key_id=key, aws_secret_access_key="test")
    assert refused(stranger.list_state_machines) == "UnrecognizedClientException"


def test_an_assumed_role_may_do_what_its_policy_says_and_no_more(account: Account):
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}
    account.client("iam").create_role(
        RoleName="reader",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    account.permit("role/reader", statement("sqs:ListQueues"))
    arn = "arn:aws:iam::111122223333:role/reader"
    keys = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    session = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    queues = client_as(account.cloud, "sqs", **session)
    queues.list_queues()
    assert "AccessDenied" in refused(queues.create_queue, QueueName="mine")
    session["aws_session_token"] += "x"
    assert "Token" in refused(client_as(account.cloud, "sqs", **session).list_queues)


def test_a_machine_without_a_permission_fails_and_names_the_action(account: Account):
    function = account.function("def handle(event, context):\n    return event\n")
    role = account.role("states.amazonaws.com")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": "{% $states.input %}"},
        "End": True,
    }
    machine = account.machine({"Work": task}, "Work", role=role)
    ended = account.run(machine)
    assert ended["status"] == "FAILED"
    assert ended["error"] == "Lambda.AWSLambdaException"
    assert f"{role.rpartition('/')[2]}/" in ended["cause"]
    assert "is not authorized to perform: lambda:InvokeFunction" in ended["cause"]
    account.permit(role, statement("lambda:InvokeFunction"))
    assert account.run(machine)["status"] == "SUCCEEDED"


def test_a_refused_sdk_integration_carries_the_name_of_the_sdk(account: Account):
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint",
        "Arguments": {"EndpointName": "none"},
        "End": True,
    }
    ended = account.run(account.machine({"Look": task}, "Look"))
    assert ended["error"] == "SageMaker.SageMakerException"
    assert "sagemaker:DescribeEndpoint" in ended["cause"]


def test_waiting_for_a_training_job_needs_the_managed_rule(account: Account):
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Arguments": {
            "TrainingJobName": "job",
            "RoleArn": "arn:aws:iam::111122223333:role/training",
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
        "End": True,
    }
    with pytest.raises(ClientError, match="is not authorized to create managed-rule"):
        account.machine({"Train": task}, "Train")
    events = statement("events:PutRule", "events:PutTargets", "events:DescribeRule")
    account.machine({"Train": task}, "Train", role=account.role("states.amazonaws.com", events))


def test_a_role_that_does_not_trust_step_functions_runs_no_machine(account: Account):
    with pytest.raises(ClientError, match=r"states\.amazonaws\.com"):
        account.machine({"Done": {"Type": "Succeed"}}, "Done", role=account.role("lambda.amazonaws.com"))
