"""IAM decides about CloudWatch's calls: actions, alarm and dashboard ARNs, condition keys."""

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.services.cloudwatch import access
from localcloud.services.cloudwatch.protocol import cbor

ACCOUNT = "111122223333"
ALARM = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm"


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("PutMetricAlarm", {"AlarmName": "a"}, [f"{ALARM}:a"]),
        ("DeleteAlarms", {"AlarmNames": ["a", "b"]}, [f"{ALARM}:a", f"{ALARM}:b"]),
        ("DescribeAlarms", {}, [f"{ALARM}:*"]),
        ("DescribeAlarms", {"AlarmNamePrefix": "x"}, [f"{ALARM}:*"]),
        ("PutMetricData", {"Namespace": "App"}, ["*"]),
        ("GetMetricData", {}, ["*"]),
        ("PutDashboard", {"DashboardName": "d"}, [f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d"]),
        ("DeleteDashboards", {"DashboardNames": ["d"]}, [f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d"]),
        ("TagResource", {"ResourceARN": f"{ALARM}:a"}, [f"{ALARM}:a"]),
    ],
)
def test_what_a_call_needs_a_permission_on(operation, parameters, expected):
    assert access.resources(operation, parameters, ACCOUNT, "us-east-1") == expected


def test_condition_keys():
    assert access.condition_keys("PutMetricData", {"Namespace": "App"}) == {"cloudwatch:namespace": "App"}
    asked = {"AlarmActions": ["arn:1"], "OKActions": ["arn:2"], "Tags": [{"Key": "Team", "Value": "ml"}]}
    assert access.condition_keys("PutMetricAlarm", asked) == {
        "cloudwatch:AlarmActions": ["arn:1", "arn:2"],
        "aws:TagKeys": ["Team"],
        "aws:requesttag/team": "ml",
    }
    assert access.condition_keys("DescribeAlarms", {}) == {}


@pytest.fixture
def as_user(client, monkeypatch):
    """Makes clients of a user who may do only what the given statements say."""
    from ministack import app

    iam = client("iam")
    iam.create_user(UserName="someone")
    key = iam.create_access_key(UserName="someone")["AccessKey"]

    def make(*statements):
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}
        iam.put_user_policy(UserName="someone", PolicyName="p", PolicyDocument=json.dumps(document))
        monkeypatch.setattr(app, "AUTH", True)
        made = client("cloudwatch", key["AccessKeyId"])
        made._request_signer._credentials.secret_key = key["SecretAccessKey"]
        return made

    yield make
    monkeypatch.setattr(app, "AUTH", False)


def denied(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    assert error["Code"].startswith("AccessDenied"), error
    return error["Message"]


def put_alarm(cloudwatch, name, **more):
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="App",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.0,
        ComparisonOperator="GreaterThanThreshold",
        **more,
    )


def test_alarms_are_limited_by_their_names(as_user):
    cloudwatch = as_user(
        {"Action": ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"], "Resource": f"{ALARM}:houses-*"},
        {"Action": "cloudwatch:DescribeAlarms", "Resource": f"{ALARM}:*"},
    )
    put_alarm(cloudwatch, "houses-errors")
    put_alarm(cloudwatch, "houses-latency")
    assert "cloudwatch:PutMetricAlarm" in denied(lambda: put_alarm(cloudwatch, "other"))
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == 2
    assert "alarm:other" in denied(cloudwatch.delete_alarms, AlarmNames=["houses-errors", "other"])
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == 2
    cloudwatch.delete_alarms(AlarmNames=["houses-errors", "houses-latency"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_describing_named_alarms_needs_only_those(as_user):
    cloudwatch = as_user({"Action": "cloudwatch:DescribeAlarms", "Resource": f"{ALARM}:houses-*"})
    assert cloudwatch.describe_alarms(AlarmNames=["houses-errors"])["MetricAlarms"] == []
    denied(cloudwatch.describe_alarms)
    denied(cloudwatch.describe_alarms, AlarmNames=["houses-errors", "other"])


def test_data_is_limited_by_its_namespace(as_user):
    cloudwatch = as_user(
        {
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": "houses"}},
        }
    )
    datum = [{"MetricName": "A", "Value": 1.0}]
    cloudwatch.put_metric_data(Namespace="houses", MetricData=datum)
    denied(cloudwatch.put_metric_data, Namespace="other", MetricData=datum)
    denied(cloudwatch.list_metrics)


def test_dashboards_have_their_own_arns(as_user):
    dashboard = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/houses"
    cloudwatch = as_user({"Action": ["cloudwatch:PutDashboard"], "Resource": dashboard})
    cloudwatch.put_dashboard(DashboardName="houses", DashboardBody="{}")
    denied(cloudwatch.put_dashboard, DashboardName="other", DashboardBody="{}")
    denied(cloudwatch.get_dashboard, DashboardName="houses")


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        (
            "/service/GraniteServiceVersion20100801/operation/DeleteAlarms",
            {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"},
            cbor.dumps({"AlarmNames": ["a"]}),
        ),
        (
            "/",
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"Action=DeleteAlarms&AlarmNames.member.1=a",
        ),
        (
            "/",
            {
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": "GraniteServiceVersion20100801.DeleteAlarms",
            },
            b'{"AlarmNames": ["a"]}',
        ),
    ],
)
def test_no_protocol_goes_round_iam(plug, path, headers, body):
    from ministack.core import iam_actions

    headers = {key.lower(): value for key, value in headers.items()}
    action = iam_actions.extract_iam_action("monitoring", "POST", path, headers, body, {})
    arn = iam_actions.extract_resource_arn(
        "monitoring", "POST", path, headers, body, {}, "us-east-1", ACCOUNT
    )
    assert (action, arn) == ("cloudwatch:DeleteAlarms", f"{ALARM}:a")


def test_other_services_are_left_to_ministack(plug):
    from ministack.core import iam_actions

    headers = {"x-amz-target": "AWSEvents.PutRule"}
    assert iam_actions.extract_iam_action("events", "POST", "/", headers, b"{}", {}) == "events:PutRule"
    arn = iam_actions.extract_resource_arn(
        "sns", "POST", "/", {}, b"", {"TopicArn": ["arn:aws:sns:us-east-1:1:t"]}, "us-east-1", ACCOUNT
    )
    assert arn == "arn:aws:sns:us-east-1:1:t"
    assert iam_actions.request_tag_context("sns", "sns:Publish", b"", {}) == {}


def test_an_unreadable_call_is_checked_as_one_without_names(plug):
    from ministack.core import iam_actions

    headers = {"x-amz-target": "GraniteServiceVersion20100801.DeleteAlarms"}
    arn = iam_actions.extract_resource_arn(
        "monitoring", "POST", "/", headers, b"{broken", {}, "us-east-1", ACCOUNT
    )
    assert arn == f"{ALARM}:*"
