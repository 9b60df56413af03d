"""An alarm's change reaches SNS, EventBridge and Lambda as AWS documents it, and only with permission."""

import json
import threading
from typing import Any

import pytest

from localcloud.services.cloudwatch.alarms.actions import ActionSender

ACCOUNT = "111122223333"


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


def put_alarm(cloudwatch, **changes):
    cloudwatch.put_metric_alarm(
        **{
            "AlarmName": "errors",
            "AlarmDescription": "too many errors",
            "Namespace": "App",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "Fleet", "Value": "green"}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 0.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **changes,
        }
    )


def fire(plug, cloudwatch, state="ALARM", name="errors"):
    cloudwatch.set_alarm_state(
        AlarmName=name, StateValue=state, StateReason="drill", StateReasonData='{"a": 1}'
    )
    plug.sender.catch_up()


def queue(client, name="inbox"):
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def received(client, url):
    found = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


@pytest.fixture
def topic(client):
    return client("sns").create_topic(Name="operators")["TopicArn"]


@pytest.fixture
def inbox(client, topic):
    url, arn = queue(client)
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def history(cloudwatch):
    found = cloudwatch.describe_alarm_history(AlarmName="errors", HistoryItemType="Action")
    return [item["HistorySummary"] for item in found["AlarmHistoryItems"]]


def test_subscribers_of_a_topic_get_the_message(plug, cloudwatch, client, topic, inbox):
    put_alarm(cloudwatch, AlarmActions=[topic])
    fire(plug, cloudwatch)
    (notice,) = received(client, inbox)
    assert notice["Subject"] == 'ALARM: "errors" in US East (N. Virginia)'
    message = json.loads(notice["Message"])
    assert message["Trigger"] == {
        "MetricName": "Errors",
        "Namespace": "App",
        "StatisticType": "Statistic",
        "Statistic": "SUM",
        "Unit": None,
        "Dimensions": [{"value": "green", "name": "Fleet"}],
        "Period": 60,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0.0,
        "TreatMissingData": "",
        "EvaluateLowSampleCountPercentile": "",
    }
    del message["Trigger"]
    assert message == {
        "AlarmName": "errors",
        "AlarmDescription": "too many errors",
        "AWSAccountId": ACCOUNT,
        "AlarmConfigurationUpdatedTimestamp": "2027-01-15T08:00:00.000+0000",
        "NewStateValue": "ALARM",
        "NewStateReason": "drill",
        "StateChangeTime": "2027-01-15T08:00:00.000+0000",
        "Region": "US East (N. Virginia)",
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:errors",
        "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": [],
        "AlarmActions": [topic],
        "InsufficientDataActions": [],
    }
    assert history(cloudwatch) == [f"Successfully executed action {topic}"]


def test_each_state_has_its_own_actions(plug, cloudwatch, client, topic, inbox):
    put_alarm(cloudwatch, OKActions=[topic])
    fire(plug, cloudwatch, "ALARM")
    assert received(client, inbox) == []
    fire(plug, cloudwatch, "OK")
    assert len(received(client, inbox)) == 1


def test_disabled_actions_do_not_act(plug, cloudwatch, client, topic, inbox):
    put_alarm(cloudwatch, AlarmActions=[topic], ActionsEnabled=False)
    fire(plug, cloudwatch)
    assert received(client, inbox) == []


def test_a_percentile_and_an_expression_are_described_in_the_message(plug, cloudwatch, client, topic, inbox):
    cloudwatch.put_metric_alarm(
        AlarmName="p99",
        Namespace="App",
        MetricName="Latency",
        ExtendedStatistic="p99",
        Period=60,
        EvaluationPeriods=2,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    metric = {"Namespace": "App", "MetricName": "Errors", "Dimensions": [{"Name": "Fleet", "Value": "green"}]}
    cloudwatch.put_metric_alarm(
        AlarmName="rate",
        Metrics=[
            {"Id": "e1", "Expression": "m1 / 2", "Label": "half"},
            {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
        ],
        EvaluationPeriods=1,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    fire(plug, cloudwatch, name="p99")
    fire(plug, cloudwatch, name="rate")
    triggers = {
        message["AlarmName"]: message["Trigger"]
        for message in (json.loads(notice["Message"]) for notice in received(client, inbox))
    }
    assert (triggers["p99"]["StatisticType"], triggers["p99"]["ExtendedStatistic"]) == (
        "ExtendedStatistic",
        "p99",
    )
    assert triggers["rate"]["Metrics"] == [
        {"Id": "e1", "Expression": "m1 / 2", "Label": "half", "ReturnData": True},
        {
            "Id": "m1",
            "MetricStat": {
                "Metric": {
                    "Namespace": "App",
                    "MetricName": "Errors",
                    "Dimensions": [{"value": "green", "name": "Fleet"}],
                },
                "Period": 60,
                "Stat": "Sum",
            },
            "ReturnData": False,
        },
    ]


def test_a_composite_alarm_names_its_rule_and_children(plug, cloudwatch, client, topic, inbox):
    put_alarm(cloudwatch)
    cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule="ALARM(errors)", AlarmActions=[topic])
    fire(plug, cloudwatch)
    (notice,) = received(client, inbox)
    message = json.loads(notice["Message"])
    assert message["AlarmRule"] == "ALARM(errors)"
    assert message["TriggeringChildren"] == [
        {"Arn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:errors", "State": {"Value": "ALARM"}}
    ]


def test_event_bridge_rules_see_the_change(plug, cloudwatch, client):
    url, arn = queue(client, "events")
    events = client("events")
    events.put_rule(
        Name="alarms",
        EventPattern=json.dumps(
            {
                "source": ["aws.cloudwatch"],
                "detail-type": ["CloudWatch Alarm State Change"],
                "detail": {"state": {"value": ["ALARM"]}, "alarmName": ["errors"]},
            }
        ),
    )
    events.put_targets(Rule="alarms", Targets=[{"Id": "1", "Arn": arn}])
    put_alarm(cloudwatch)
    fire(plug, cloudwatch, "OK")
    fire(plug, cloudwatch, "ALARM")
    (event,) = received(client, url)
    assert event["resources"] == [f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:errors"]
    assert event["account"] == ACCOUNT
    assert event["time"] == "2027-01-15T08:00:00Z"
    detail = event["detail"]
    key = detail["configuration"]["metrics"][0].pop("id")
    assert len(key) == 36
    assert detail == {
        "alarmName": "errors",
        "state": {
            "value": "ALARM",
            "reason": "drill",
            "reasonData": '{"a": 1}',
            "timestamp": "2027-01-15T08:00:00.000+0000",
        },
        "previousState": {
            "value": "OK",
            "reason": "drill",
            "reasonData": '{"a": 1}',
            "timestamp": "2027-01-15T08:00:00.000+0000",
        },
        "configuration": {
            "description": "too many errors",
            "metrics": [
                {
                    "metricStat": {
                        "metric": {"namespace": "App", "name": "Errors", "dimensions": {"Fleet": "green"}},
                        "period": 60,
                        "stat": "Sum",
                    },
                    "returnData": True,
                }
            ],
        },
    }


def test_an_action_without_its_topic_fails_in_the_history(plug, cloudwatch):
    ghost = f"arn:aws:sns:us-east-1:{ACCOUNT}:ghost"
    put_alarm(cloudwatch, AlarmActions=[ghost, f"arn:aws:ssm:us-east-1:{ACCOUNT}:opsitem:1"])
    fire(plug, cloudwatch)
    assert history(cloudwatch) == [
        f"Failed to execute action arn:aws:ssm:us-east-1:{ACCOUNT}:opsitem:1. "
        'Received error: "the embedded cloud executes sns and lambda actions only"',
        f'Failed to execute action {ghost}. Received error: "Topic does not exist"',
    ]


def topic_policy(principal, topic):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sns:Publish", "Resource": topic}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("principal", "delivered"),
    [
        (None, 1),
        ({"Service": "cloudwatch.amazonaws.com"}, 1),
        ({"Service": "s3.amazonaws.com"}, 0),
        ({"AWS": "111122223333"}, 0),
    ],
)
def test_the_topics_policy_decides(plug, cloudwatch, client, topic, inbox, monkeypatch, principal, delivered):
    from ministack import app

    if principal:
        client("sns").set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=topic_policy(principal, topic)
        )
    client("sqs").set_queue_attributes(
        QueueUrl=inbox,
        Attributes={
            "Policy": json.dumps(
                {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}
            )
        },
    )
    put_alarm(cloudwatch, AlarmActions=[topic])
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="drill")
    monkeypatch.setattr(app, "AUTH", True)
    plug.sender.catch_up()
    monkeypatch.setattr(app, "AUTH", False)
    assert len(received(client, inbox)) == delivered
    assert history(cloudwatch)[0].startswith("Successfully" if delivered else "Failed")


def synthesised_policy(topic):
    """As the CDK writes a topic that enforces TLS, with a statement for the account's alarms."""
    tls = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic}
    alarms = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
    statements = [{**tls, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, alarms]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_a_topic_that_refuses_what_comes_without_tls_takes_alarms_and_its_queue_gets_them(
    plug, cloudwatch, client, topic, inbox, monkeypatch
):
    from ministack import app

    from localcloud.iam import resource_policies

    monkeypatch.setattr("ministack.services.sqs.queue_policy_allows", resource_policies.queue_allows)
    client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=synthesised_policy(topic)
    )
    tls = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    sns = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    statements = [
        {**tls, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {**sns, "Resource": "*", "Condition": {"ArnEquals": {"aws:SourceArn": topic}}},
    ]
    client("sqs").set_queue_attributes(
        QueueUrl=inbox, Attributes={"Policy": json.dumps({"Statement": statements})}
    )
    put_alarm(cloudwatch, AlarmActions=[topic])
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="drill")
    monkeypatch.setattr(app, "AUTH", True)
    plug.sender.catch_up()
    monkeypatch.setattr(app, "AUTH", False)
    (message,) = received(client, inbox)
    assert json.loads(message["Message"])["AlarmName"] == "errors"
    assert history(cloudwatch) == [f"Successfully executed action {topic}"]


def _remembering(start, started):
    def remembered(thread):
        started.append(thread)
        start(thread)

    return remembered


@pytest.mark.parametrize("permitted", [True, False])
def test_a_function_is_invoked_if_it_lets_alarms_invoke_it(plug, cloudwatch, monkeypatch, permitted):
    from ministack import app
    from ministack.services import lambda_svc

    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:page"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.alarms.cloudwatch.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": arn,
    }
    function = {"config": {"FunctionName": "page"}, "policy": {"Statement": [statement] if permitted else []}}
    invoked: list[dict[str, Any]] = []
    started: list[threading.Thread] = []
    monkeypatch.setattr(threading.Thread, "start", _remembering(threading.Thread.start, started))
    monkeypatch.setattr(
        lambda_svc, "_get_func_record_for_ref", lambda ref: (function, function["config"], ref)
    )
    monkeypatch.setattr(lambda_svc, "_execution_record_for_config", lambda func, config: func)
    monkeypatch.setattr(
        lambda_svc, "_execute_function_with_config_scope", lambda record, event: invoked.append(event)
    )
    put_alarm(cloudwatch, AlarmActions=[arn])
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="drill")
    monkeypatch.setattr(app, "AUTH", True)
    plug.sender.catch_up()
    monkeypatch.setattr(app, "AUTH", False)
    for thread in started:
        thread.join(timeout=60)
    if not permitted:
        assert invoked == []
        assert "not authorized" in history(cloudwatch)[0]
        return
    (event,) = invoked
    assert (event["source"], event["alarmData"]["state"]["value"]) == ("aws.cloudwatch", "ALARM")


def test_a_function_that_does_not_exist_fails_in_the_history(plug, cloudwatch):
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:ghost"
    put_alarm(cloudwatch, AlarmActions=[arn])
    fire(plug, cloudwatch)
    assert "Function not found" in history(cloudwatch)[0]


def test_the_courier_delivers_in_order_in_its_own_thread(plug, cloudwatch, client, topic, inbox):
    sender: ActionSender = plug.sender
    put_alarm(cloudwatch, AlarmActions=[topic], OKActions=[topic])
    sender.start()
    for state in ("ALARM", "OK", "ALARM"):
        cloudwatch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="drill")
    sender.stop()
    states = [json.loads(notice["Message"])["NewStateValue"] for notice in received(client, inbox)]
    assert states == ["ALARM", "OK", "ALARM"]


def test_one_failed_announcement_does_not_stop_the_next(
    plug, cloudwatch, client, topic, inbox, monkeypatch, caplog
):
    from localcloud.services.cloudwatch.alarms import actions

    put_alarm(cloudwatch, AlarmActions=[topic], OKActions=[topic])
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="drill")
    with monkeypatch.context() as broken:
        broken.setattr(actions, "_put_event", lambda transition: 1 / 0)
        plug.sender.catch_up()
    assert "was not announced" in caplog.text
    fire(plug, cloudwatch, "OK")
    assert len(received(client, inbox)) == 1
