"""What a resource refers to must be there, and who hands a role over must be allowed to."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.account import LOGS, Account, statement


def message(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value)


def create(account: Account, code: dict[str, str], role: str | None = None) -> str:
    return message(
        account.client("lambda").create_function,
        FunctionName="refused",
        Runtime="python3.12",
        Handler="code.handle",
        Role=role or account.role("lambda.amazonaws.com"),
        Code=code,
    )


def test_a_function_needs_its_code(account: Account):
    account.client("s3").create_bucket(Bucket="no-code")
    assert "NoSuchKey" in create(account, {"S3Bucket": "no-code", "S3Key": "gone.zip"})


def test_a_function_needs_its_image(account: Account):
    uri = "111122223333.dkr.ecr.us-east-1.amazonaws.com/none:tag"
    assert f"Source image {uri} does not exist" in create(account, {"ImageUri": uri})


def test_a_function_needs_a_role_that_trusts_lambda(account: Account):
    role = account.role("states.amazonaws.com")
    assert "cannot be assumed by Lambda" in create(account, {"S3Bucket": "any", "S3Key": "k"}, role)


def test_a_log_group_needs_a_key_that_logs_may_use(account: Account):
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    refused = message(account.client("logs").create_log_group, logGroupName="/secret", kmsKeyId=key)
    assert "not allowed to be used with Arn" in refused


def test_handing_a_role_to_a_service_needs_pass_role(account: Account):
    handed = account.role("states.amazonaws.com")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}
    account.client("iam").create_role(
        RoleName="builder",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    builder = "arn:aws:iam::111122223333:role/builder"
    account.permit(builder, statement("states:CreateStateMachine"))
    keys = account.client("sts").assume_role(RoleArn=builder, RoleSessionName="me")["Credentials"]
    states = boto3.client(
        "stepfunctions",
        region_name="us-east-1",
        endpoint_url=account.cloud.endpoint_url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    wanted = {"name": "built", "definition": definition, "roleArn": handed}
    refused = message(states.create_state_machine, **wanted)
    assert f"is not authorized to perform: iam:PassRole on resource: {handed}" in refused
    account.permit(
        builder, statement("states:CreateStateMachine"), statement("iam:PassRole", resource=handed)
    )
    states.create_state_machine(**wanted)


def test_a_mapping_needs_a_role_that_may_read_the_queue(account: Account):
    queue = account.client("sqs").create_queue(QueueName="unread")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:111122223333:unread"
    role = account.role("lambda.amazonaws.com", LOGS)
    name = account.function(
        "def handle(event, context):\n    print(event['Records'][0]['body'])\n", role=role
    )
    wanted = {"EventSourceArn": arn, "FunctionName": name, "BatchSize": 1}
    refused = message(account.client("lambda").create_event_source_mapping, **wanted)
    assert "does not have permissions to call ReceiveMessage on SQS" in refused
    reading = statement("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", resource=arn)
    account.permit(role, LOGS, reading)
    account.client("lambda").create_event_source_mapping(**wanted)
    account.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    assert account.eventually(lambda: "hello" in account.log(f"/aws/lambda/{name}"))


def test_a_rule_delivers_only_where_the_queues_policy_lets_it(account: Account):
    sqs, events = account.client("sqs"), account.client("events")
    queue = sqs.create_queue(QueueName="events-in")["QueueUrl"]
    dead = sqs.create_queue(QueueName="events-dead")["QueueUrl"]
    arn, dead_arn = (f"arn:aws:sqs:us-east-1:111122223333:{name}" for name in ("events-in", "events-dead"))
    rule = events.put_rule(Name="deliver", EventPattern='{"source": ["test"]}')["RuleArn"]
    target = {"Id": "queue", "Arn": arn, "DeadLetterConfig": {"Arn": dead_arn}}
    events.put_targets(Rule="deliver", Targets=[target])

    def let_in(url: str, resource: str) -> None:
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": resource,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def put(detail: str) -> None:
        events.put_events(
            Entries=[{"Source": "test", "DetailType": "d", "Detail": json.dumps({"n": detail})}]
        )

    def received(url: str) -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", [])
        return list(messages)

    let_in(dead, dead_arn)
    put("refused")
    assert received(queue) == []
    (lost,) = received(dead)
    assert json.loads(lost["Body"])["detail"] == {"n": "refused"}
    assert lost["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    let_in(queue, arn)
    put("delivered")
    assert json.loads(received(queue)[0]["Body"])["detail"] == {"n": "delivered"}


JOIN = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


def default_network(account: Account) -> dict[str, list[str]]:
    ec2 = account.client("ec2")
    subnets = ec2.describe_subnets()["Subnets"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [subnets[0]["VpcId"]]}])
    return {
        "SubnetIds": [subnets[0]["SubnetId"]],
        "SecurityGroupIds": [groups["SecurityGroups"][0]["GroupId"]],
    }


@pytest.mark.parametrize("missing", JOIN)
def test_a_function_joins_a_vpc_only_by_a_role_that_may_make_its_interfaces(account: Account, missing: str):
    role = account.role("lambda.amazonaws.com", LOGS, statement(*(set(JOIN) - {missing})))
    refused = message(account.function, source="", role=role, VpcConfig=default_network(account))
    assert f"does not have permissions to call {missing.removeprefix('ec2:')} on EC2" in refused


def test_a_function_whose_role_may_is_in_the_vpc(account: Account):
    role = account.role("lambda.amazonaws.com", LOGS, statement(*JOIN))
    network = default_network(account)
    name = account.function("", role=role, VpcConfig=network)
    found = account.client("lambda").get_function_configuration(FunctionName=name)["VpcConfig"]
    assert found["SubnetIds"] == network["SubnetIds"]


def test_a_subnet_that_is_not_there_is_named(account: Account):
    role = account.role("lambda.amazonaws.com", LOGS, statement(*JOIN))
    network = {**default_network(account), "SubnetIds": ["subnet-0"]}
    assert "The subnet ID 'subnet-0' does not exist" in message(
        account.function, source="", role=role, VpcConfig=network
    )
