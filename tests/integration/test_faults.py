"""Faults as clients meet them: the service's own errors, silence, duplicates, and who may ask for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from localcloud.faults.client import FaultsClient, FaultsClientError
from localcloud.host.launch import LaunchError, Running, launch
from tests.integration.account import Account, statement
from tests.integration.conftest import PROJECT

ONCE = Config(retries={"total_max_attempts": 1})
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 3})
CALLS: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "s3": ("s3", "ListAllMyBuckets", lambda s3: s3.list_buckets()),
    "sqs": ("sqs", "ListQueues", lambda sqs: sqs.list_queues()),
    "sns": ("sns", "ListTopics", lambda sns: sns.list_topics()),
    "dynamodb": ("dynamodb", "ListTables", lambda dynamodb: dynamodb.list_tables()),
    "cloudwatch": ("cloudwatch", "DescribeAlarms", lambda cloudwatch: cloudwatch.describe_alarms()),
    "stepfunctions": ("states", "ListStateMachines", lambda states: states.list_state_machines()),
    "sagemaker": ("sagemaker", "ListModels", lambda sagemaker: sagemaker.list_models()),
    "lambda": ("lambda", "ListFunctions", lambda functions: functions.list_functions()),
}
THROTTLING = {
    "s3": "SlowDown",
    "sqs": "RequestThrottled",
    "sns": "Throttling",
    "dynamodb": "ProvisionedThroughputExceededException",
    "cloudwatch": "Throttling",
    "stepfunctions": "ThrottlingException",
    "sagemaker": "ThrottlingException",
    "lambda": "TooManyRequestsException",
}


@pytest.fixture
def faults(bare_cloud: Running) -> Iterator[FaultsClient]:
    client = FaultsClient(bare_cloud.environment)
    yield client
    client.put({})


def rule(fault: str, client: str, **more: Any) -> dict[str, Any]:
    service, operation, _ = CALLS[client]
    return {"rule": [{"fault": fault, "service": service, "operation": operation, "principal": "*", **more}]}


@pytest.mark.parametrize("client", CALLS)
def test_a_throttled_client_gets_the_services_own_error_and_tries_again(bare_cloud, faults, client):
    call = CALLS[client][2]
    faults.put(rule("throttle", client))
    with pytest.raises(ClientError) as refused:
        call(bare_cloud.client(client, config=ONCE))
    assert refused.value.response["Error"]["Code"] == THROTTLING[client]
    faults.put(rule("throttle", client))
    call(bare_cloud.client(client, config=PATIENT))
    assert len(faults.report()["injected"]) == 1


@pytest.mark.parametrize("client", ["s3", "dynamodb", "cloudwatch"])
def test_an_internal_error_is_a_500(bare_cloud, faults, client):
    faults.put(rule("error", client))
    with pytest.raises(ClientError) as failed:
        CALLS[client][2](bare_cloud.client(client, config=ONCE))
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_silence_ends_the_connection_and_the_next_call_works(bare_cloud, faults):
    sqs = bare_cloud.client("sqs", config=ONCE)
    faults.put(rule("timeout", "sqs", seconds=0.05))
    with pytest.raises(ConnectionClosedError):
        sqs.list_queues()
    sqs.list_queues()


@pytest.mark.parametrize(("fault", "copies"), [("twice", 2), ("lost", 2)])
def test_a_duplicate_and_a_lost_answer_carry_the_call_out_once_more(bare_cloud, faults, fault, copies):
    sqs = bare_cloud.client("sqs", config=PATIENT)
    url = sqs.create_queue(QueueName=f"faults-{fault}")["QueueUrl"]
    faults.put({"rule": [{"fault": fault, "service": "sqs", "operation": "SendMessage", "principal": "*"}]})
    sqs.send_message(QueueUrl=url, MessageBody="once")
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    assert [message["Body"] for message in found] == ["once"] * copies


def test_a_function_dies_at_the_moment_asked_for(account: Account, faults):
    name = account.function("import time\ndef handle(event, context):\n    time.sleep(event)\n    return 1\n")
    assert account.invoke(name, 0) == (None, 1)
    faults.put({"kill": [{"target": "lambda", "name": name, "after_seconds": 0.1}]})
    error, answer = account.invoke(name, 30)
    assert error == "Unhandled"
    assert answer["errorType"] == "Runtime.ExitError"
    assert account.invoke(name, 0) == (None, 1)


def test_only_the_administrator_may_ask_for_faults(bare_cloud: Running, account: Account):
    iam = bare_cloud.client("iam")
    iam.create_user(UserName="mallory")
    everything_but = statement("s3:*", "sqs:*", "sagemaker:*")
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything_but]})
    iam.put_user_policy(UserName="mallory", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="mallory")["AccessKey"]
    mallory = {
        **bare_cloud.environment,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    with pytest.raises(FaultsClientError, match="localcloud:PutFaults"):
        FaultsClient(mallory).put({})
    with pytest.raises(FaultsClientError, match="signature"):
        FaultsClient({**bare_cloud.environment, "AWS_SECRET_ACCESS_KEY": "wrong"}).put({})


def test_a_wrong_plan_is_refused_with_key_and_reason(faults):
    with pytest.raises(FaultsClientError, match=r"faults.rule\[0\].fault: 'slow' is none of"):
        faults.put({"rule": [{"fault": "slow"}]})


def test_a_wrong_file_keeps_the_cloud_from_starting(tmp_path):
    path = tmp_path / "faults.toml"
    path.write_text('[[rule]]\nfault = "lost"\nafter = 3\n')
    with pytest.raises(LaunchError, match=r"faults.toml.rule\[0\].after: there is no such key"):
        launch(project=PROJECT, deploy=False, faults=path)


def test_an_expired_session_is_refused_and_one_that_lasts_is_not(tmp_path):
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}
    with launch(tmp_path, project=PROJECT, deploy=False) as cloud:
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = cloud.client("iam").create_role(RoleName="visitor", AssumeRolePolicyDocument=document)["Role"]
        old, new = (
            cloud.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName=name)["Credentials"]
            for name in ("old", "new")
        )
    _expire(tmp_path / "services" / "sts.json", old["AccessKeyId"])
    with launch(tmp_path, project=PROJECT, deploy=False) as cloud:
        assert _who_is(cloud, new).endswith("assumed-role/visitor/new")
        with pytest.raises(ClientError) as refused:
            _who_is(cloud, old)
    assert refused.value.response["Error"]["Code"] in ("ExpiredToken", "InvalidClientTokenId")


def _who_is(cloud: Running, keys: Any) -> str:
    session = boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="us-east-1"
    )
    return str(session.client("sts", endpoint_url=cloud.endpoint_url).get_caller_identity()["Arn"])


def _expire(path: Path, access_key_id: str) -> None:
    """Let the time of one session pass: its end moves into the past."""
    document = json.loads(path.read_text())

    def visit(value: Any) -> None:
        if isinstance(value, dict):
            if "Expiration" in value and value.get("AccessKeyId", access_key_id) == access_key_id:
                value["Expiration"] = 1.0
            for key, inner in value.items():
                if not (isinstance(inner, dict) and "Expiration" in inner and key != access_key_id):
                    visit(inner)
        elif isinstance(value, list):
            for inner in value:
                visit(inner)

    visit(document)
    path.write_text(json.dumps(document))
