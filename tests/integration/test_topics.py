"""SNS refuses what it refuses on AWS, and mail waits until somebody agrees to it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.account import Account

MAIL = {"Protocol": "email", "Endpoint": "ops@example.com"}


@pytest.fixture
def sns(account: Account) -> Any:
    return account.client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    return str(sns.create_topic(Name="tells")["TopicArn"])


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == "InvalidParameter"
    return str(caught.value.response["Error"]["Message"])


def test_a_subject_of_two_lines_is_refused_alone_and_in_a_batch(sns: Any, topic: str):
    assert refused(sns.publish, TopicArn=topic, Message="m", Subject="a\nb") == "Invalid parameter: Subject"
    entries = [{"Id": "1", "Message": "m"}, {"Id": "2", "Message": "m", "Subject": "x" * 101}]
    batch = {"TopicArn": topic, "PublishBatchRequestEntries": entries}
    assert "Subject (entry 2)" in refused(sns.publish_batch, **batch)
    assert sns.publish(TopicArn=topic, Message="m", Subject="x" * 100)["MessageId"]


def test_an_unknown_protocol_is_refused(sns: Any, topic: str):
    assert "protocol string: pigeon" in refused(
        sns.subscribe, TopicArn=topic, Protocol="pigeon", Endpoint="x"
    )


def test_mail_waits_for_its_confirmation(account: Account, sns: Any, topic: str):
    assert sns.subscribe(TopicArn=topic, **MAIL)["SubscriptionArn"] == "pending confirmation"
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (listed["SubscriptionArn"], listed["Endpoint"]) == ("PendingConfirmation", MAIL["Endpoint"])
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "1"


def test_a_stacks_mail_waits_too(account: Account, sns: Any):
    subscription = {"Type": "AWS::SNS::Subscription", "Properties": {"TopicArn": {"Ref": "Topic"}, **MAIL}}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "stacks-tells"}}
    stacks = account.client("cloudformation")
    resources = {"Topic": topic, "Mail": subscription}
    stacks.create_stack(StackName="mail", TemplateBody=json.dumps({"Resources": resources}))
    stacks.get_waiter("stack_create_complete").wait(StackName="mail", WaiterConfig={"Delay": 1})
    arn = "arn:aws:sns:us-east-1:111122223333:stacks-tells"
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
