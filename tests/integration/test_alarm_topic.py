"""An alarm of the deployed stage reaches whoever subscribed to its topic, by the policies as synthesised."""

import json

import pytest

from localcloud.host.launch import Running
from tests.integration.account import Account


@pytest.fixture
def inbox(cloud: Running):
    """A queue that is subscribed to the stage's topic: its URL."""
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    topic = cloud.outputs["AlarmTopicArn"]
    url = sqs.create_queue(QueueName="operators")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    yield url
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)


def test_an_alarm_of_the_stage_arrives_in_a_subscribed_queue(cloud: Running, inbox: str):
    cloudwatch = cloud.client("cloudwatch")
    topic = cloud.outputs["AlarmTopicArn"]
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    (name, *_) = [alarm["AlarmName"] for alarm in alarms if topic in alarm["AlarmActions"]]
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="drill")
    found: list[str] = []

    def arrived() -> bool:
        answer = cloud.client("sqs").receive_message(QueueUrl=inbox, MaxNumberOfMessages=10)
        bodies = [json.loads(json.loads(item["Body"])["Message"]) for item in answer.get("Messages", [])]
        found.extend(body["AlarmName"] for body in bodies)
        return name in found

    assert Account(cloud).eventually(arrived)
    history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")
    summaries = [item["HistorySummary"] for item in history["AlarmHistoryItems"]]
    assert f"Successfully executed action {topic}" in summaries
