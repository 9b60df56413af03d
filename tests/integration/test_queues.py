"""Queues outlive the cloud: on another port, and with what died on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localcloud.host.launch import Running, launch
from tests.integration.account import Account, statement
from tests.integration.conftest import PROJECT


def arn_of(sqs, url: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def test_a_function_goes_on_reading_its_queue_after_a_restart_on_another_port(tmp_path: Path):
    with launch(tmp_path, project=PROJECT, deploy=False) as cloud:
        account = Account(cloud)
        role = account.role("lambda.amazonaws.com", statement("sqs:*", "logs:*"))
        function = account.function("def handle(event, context):\n    return None\n", role=role)
        # A first delivery that fails while the cloud is busy must come again within the test's patience.
        quick = {"VisibilityTimeout": "3"}
        url = account.client("sqs").create_queue(QueueName="work", Attributes=quick)["QueueUrl"]
        account.client("lambda").create_event_source_mapping(
            FunctionName=function, EventSourceArn=arn_of(account.client("sqs"), url)
        )
        first_port, url_before = cloud.endpoint_url, url
    with launch(tmp_path, project=PROJECT, deploy=False) as cloud:
        assert cloud.endpoint_url != first_port
        account = Account(cloud)
        sqs = account.client("sqs")
        assert len(sqs.list_queues()["QueueUrls"]) == 1
        url = sqs.create_queue(QueueName="work")["QueueUrl"]
        assert url.startswith(cloud.endpoint_url)
        for known in (url, url_before):
            sqs.send_message(QueueUrl=known, MessageBody="after the restart")
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def is_done() -> bool:
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
            return all(found[name] == "0" for name in counts)

        assert account.eventually(is_done)


def test_dead_letters_go_back_to_the_queue_that_they_died_on(bare_cloud: Running):
    sqs = bare_cloud.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 1}
    alive = sqs.create_queue(
        QueueName="alive", Attributes={"VisibilityTimeout": "0", "RedrivePolicy": json.dumps(policy)}
    )["QueueUrl"]
    reason = {"reason": {"DataType": "String", "StringValue": "tried once"}}
    sqs.send_message(QueueUrl=alive, MessageBody="hello", MessageAttributes=reason)
    for _ in range(2):
        sqs.receive_message(QueueUrl=alive)
    assert "Messages" not in sqs.receive_message(QueueUrl=alive)
    sqs.start_message_move_task(SourceArn=arn_of(sqs, dead))
    (message,) = sqs.receive_message(
        QueueUrl=alive, MessageAttributeNames=["All"], AttributeNames=["ApproximateReceiveCount"]
    )["Messages"]
    assert (message["Body"], message["Attributes"]["ApproximateReceiveCount"]) == ("hello", "1")
    assert message["MessageAttributes"] == reason
    (task,) = sqs.list_message_move_tasks(SourceArn=arn_of(sqs, dead))["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)


def test_a_queue_that_is_nobodys_dead_letter_queue_cannot_be_redriven(bare_cloud: Running):
    sqs = bare_cloud.client("sqs")
    plain = sqs.create_queue(QueueName="plain")["QueueUrl"]
    with pytest.raises(ClientError, match="must be configured as a Dead Letter Queue"):
        sqs.start_message_move_task(SourceArn=arn_of(sqs, plain))


def test_an_alarm_tells_that_a_message_waits(bare_cloud: Running):
    sqs, cloudwatch = bare_cloud.client("sqs"), bare_cloud.client("cloudwatch")
    sqs.send_message(QueueUrl=sqs.create_queue(QueueName="watched")["QueueUrl"], MessageBody="wait for me")
    cloudwatch.put_metric_alarm(
        AlarmName="waits",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "watched"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )

    def fires() -> bool:
        return bool(cloudwatch.describe_alarms(AlarmNames=["waits"], StateValue="ALARM")["MetricAlarms"])

    assert Account(bare_cloud).eventually(fires)
