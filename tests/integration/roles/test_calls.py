"""The gateway decides as the evaluator does: a sample of real calls, by each role's own session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.host.launch import Running
from tests.integration.roles.conftest import NAMES
from tests.integration.roles.deployed import ACCOUNT, REGION, Role, Try, session
from tests.integration.roles.test_matrix import ALL

DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AccessDeniedError",
    "AuthorizationError",
    "KMSAccessDenied",
}
NAMED = f"{NAMES.prefix}-try"
SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"


@dataclass(frozen=True)
class Call:
    """A call that does no harm where it is allowed, and what IAM judges it by."""

    attempt: Try
    make: Callable[[Any], Any]


def call(service: str, method: str, attempt: Try, **arguments: Any) -> Call:
    return Call(attempt, lambda client: getattr(client(service), method)(**arguments))


@pytest.fixture(scope="module")
def calls(cloud: Running, roles: dict[str, Role]) -> list[Call]:
    raw, artifacts = cloud.outputs["RawBucketName"], cloud.outputs["ArtifactBucketName"]
    machine, topic = cloud.outputs["StateMachineArn"], cloud.outputs["AlarmTopicArn"]
    (key_arn,) = (found["KeyArn"] for found in cloud.client("kms").list_keys()["Keys"])
    model = {
        "ModelName": NAMED,
        "ExecutionRoleArn": roles["Serving"].arn,
        "PrimaryContainer": {"Image": "none"},
    }

    def sagemaker(method: str, action: str, resource: str, **arguments: Any) -> Call:
        attempt = Try(f"sagemaker:{action}", f"{SAGEMAKER}:{resource}" if resource != "*" else "*")
        return call("sagemaker", method, attempt, **arguments)

    def s3(method: str, action: str, bucket: str, key: str = "", **more: Any) -> Call:
        arn = f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
        named = {"Key": key} if key else {}
        context = {"s3:prefix": more["Prefix"]} if "Prefix" in more else {}
        return call("s3", method, Try(f"s3:{action}", arn, context), Bucket=bucket, **named, **more)

    def lease(method: str, action: str, **more: Any) -> Call:
        arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAMES.lease_table}"
        return call("dynamodb", method, Try(f"dynamodb:{action}", arn), TableName=NAMES.lease_table, **more)

    def queue(method: str, action: str, output: str) -> Call:
        url = cloud.outputs[output]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}"
        return call("sqs", method, Try(f"sqs:{action}", arn), QueueUrl=url)

    def key(method: str, action: str, **more: Any) -> Call:
        return call("kms", method, Try(f"kms:{action}", key_arn), KeyId=key_arn, **more)

    package = f"model-package/{NAMES.model_package_group}/99"
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAMES.function('ReleaseLease')}"
    alarm = f"{NAMES.rollback_alarm_prefix}none"
    serving, teardown = roles["Serving"].arn, roles["Teardown"].arn
    return [
        s3("get_object", "GetObject", raw, "incoming/none.csv"),
        s3("get_object", "GetObject", artifacts, "datasets/none/holdout/h"),
        s3("put_object", "PutObject", raw, "incoming/try.txt", Body=b""),
        s3("list_objects_v2", "ListBucket", artifacts, Prefix="training/none"),
        s3("delete_object", "DeleteObject", artifacts, "none"),
        s3("get_bucket_policy", "GetBucketPolicy", raw),
        lease("get_item", "GetItem", Key={"endpoint_name": {"S": "none"}}),
        lease("scan", "Scan"),
        sagemaker(
            "describe_endpoint", "DescribeEndpoint", f"endpoint/{NAMES.endpoint}", EndpointName=NAMES.endpoint
        ),
        sagemaker(
            "delete_endpoint", "DeleteEndpoint", f"endpoint/{NAMES.endpoint}", EndpointName=NAMES.endpoint
        ),
        sagemaker("delete_endpoint", "DeleteEndpoint", "endpoint/wine-dev", EndpointName="wine-dev"),
        sagemaker("delete_model", "DeleteModel", f"model/{NAMED}", ModelName=NAMED),
        sagemaker("create_model", "CreateModel", f"model/{NAMED}", **model),
        sagemaker(
            "describe_training_job", "DescribeTrainingJob", f"training-job/{NAMED}", TrainingJobName=NAMED
        ),
        sagemaker("stop_training_job", "StopTrainingJob", f"training-job/{NAMED}", TrainingJobName=NAMED),
        sagemaker("list_models", "ListModels", "*"),
        sagemaker(
            "describe_model_package",
            "DescribeModelPackage",
            package,
            ModelPackageName=f"{SAGEMAKER}:{package}",
        ),
        call(
            "sagemaker-runtime",
            "invoke_endpoint",
            Try("sagemaker:InvokeEndpoint", f"{SAGEMAKER}:endpoint/{NAMES.endpoint}"),
            EndpointName=NAMES.endpoint,
            Body=b"",
        ),
        call(
            "stepfunctions", "list_executions", Try("states:ListExecutions", machine), stateMachineArn=machine
        ),
        call(
            "stepfunctions",
            "delete_state_machine",
            Try("states:DeleteStateMachine", machine),
            stateMachineArn=machine,
        ),
        call("sns", "publish", Try("sns:Publish", topic), TopicArn=topic, Message="a test"),
        queue("receive_message", "ReceiveMessage", "UploadQueueUrl"),
        queue("purge_queue", "PurgeQueue", "DeadLetterQueueUrl"),
        call(
            "lambda",
            "invoke",
            Try("lambda:InvokeFunction", function),
            FunctionName=function,
            InvocationType="DryRun",
        ),
        call(
            "cloudwatch",
            "set_alarm_state",
            Try("cloudwatch:SetAlarmState", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm}"),
            AlarmName=alarm,
            StateValue="OK",
            StateReason="a test",
        ),
        key("generate_data_key", "GenerateDataKey", KeySpec="AES_256"),
        key("schedule_key_deletion", "ScheduleKeyDeletion"),
        call("iam", "list_roles", Try("iam:ListRoles", f"arn:aws:iam::{ACCOUNT}:role/")),
        call(
            "iam",
            "put_role_policy",
            Try("iam:PutRolePolicy", serving),
            RoleName=serving.rpartition("/")[2],
            PolicyName="more",
            PolicyDocument="{}",
        ),
        call(
            "sts",
            "assume_role",
            Try("sts:AssumeRole", teardown),
            RoleArn=teardown,
            RoleSessionName="more",
        ),
    ]


@pytest.fixture(params=sorted(ALL))
def role_and_client(
    request: pytest.FixtureRequest, cloud: Running, roles: dict[str, Role]
) -> Iterator[tuple[Role, Any]]:
    role = roles[request.param]
    with session(cloud, role) as opened:
        yield role, lambda service: opened.client(service, endpoint_url=cloud.endpoint_url)


def test_a_session_gets_through_the_gateway_what_its_role_allows_and_nothing_else(
    role_and_client: tuple[Role, Any], calls: list[Call]
):
    role, client = role_and_client
    wrong = {
        str(made.attempt): outcome
        for made in calls
        if (outcome := _outcome(made, client)) != ("through" if _may(role, made.attempt) else "denied")
    }
    assert not wrong


def _may(role: Role, attempt: Try) -> bool:
    """By its own policies, or by the key's, which lets disks be encrypted for who runs on them."""
    return role.may(attempt) or (
        attempt.action == "kms:GenerateDataKey" and role.name in ("Serving", "Training")
    )


def test_some_of_these_calls_are_allowed_to_somebody_and_some_to_nobody(
    roles: dict[str, Role], calls: list[Call]
):
    holders = {str(made.attempt): sum(role.may(made.attempt) for role in roles.values()) for made in calls}
    assert sum(map(bool, holders.values())) > 10
    assert not all(holders.values())
    assert max(holders.values()) < 0.6 * len(roles), holders


def _outcome(made: Call, client: Any) -> str:
    try:
        made.make(client)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return "denied" if code in DENIED else "through"
    return "through"


def test_only_the_deployment_makes_a_model_and_only_an_isolated_one(cloud: Running, roles: dict[str, Role]):
    request = {"ModelName": f"{NAMED}-isolated", "ExecutionRoleArn": roles["Serving"].arn}
    registering = cloud.client("lambda").get_function_configuration(
        FunctionName=NAMES.function("RegisterModel")
    )
    container = {"Image": registering["Environment"]["Variables"]["SERVING_IMAGE_URI"]}
    with session(cloud, roles["DeployModel"]) as opened:
        sagemaker = opened.client("sagemaker", endpoint_url=cloud.endpoint_url)
        for open_one in ({}, {"EnableNetworkIsolation": False}):
            with pytest.raises(ClientError, match="not authorized to perform: sagemaker:CreateModel"):
                sagemaker.create_model(**request, PrimaryContainer=container, **open_one)
        sagemaker.create_model(**request, PrimaryContainer=container, EnableNetworkIsolation=True)
    cloud.client("sagemaker").delete_model(ModelName=request["ModelName"])
