"""boto3 talks to the plugged-in CloudWatch: metrics, alarms, their states, history and actions."""

from datetime import UTC, datetime

import pytest


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


def test_data_comes_back_as_statistics(cloudwatch, clock):
    cloudwatch.put_metric_data(
        Namespace="App",
        MetricData=[
            {"MetricName": "Latency", "Value": value, "Unit": "Seconds"} for value in (1.0, 2.0, 6.0)
        ],
    )
    found = cloudwatch.get_metric_statistics(
        Namespace="App",
        MetricName="Latency",
        StartTime=datetime.fromtimestamp(clock.now() - 60, UTC),
        EndTime=datetime.fromtimestamp(clock.now() + 60, UTC),
        Period=60,
        Statistics=["Average", "Sum", "SampleCount", "Minimum", "Maximum"],
        ExtendedStatistics=["p50"],
    )
    assert found["Datapoints"] == [
        {
            "Timestamp": clock.utcnow(),
            "Unit": "Seconds",
            "Average": 3.0,
            "Sum": 9.0,
            "SampleCount": 3.0,
            "Minimum": 1.0,
            "Maximum": 6.0,
            "ExtendedStatistics": {"p50": 2.0},
        }
    ]


def put_alarm(cloudwatch, **changes):
    cloudwatch.put_metric_alarm(
        **{
            "AlarmName": "errors",
            "Namespace": "App",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "Fleet", "Value": "green"}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 0.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            **changes,
        }
    )


def state(cloudwatch, name="errors"):
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return alarm["StateValue"]


def test_an_alarm_fires_when_its_own_dimensions_breach(cloudwatch, clock, plug):
    put_alarm(cloudwatch)
    plug.timer.tick()
    assert state(cloudwatch) == "OK"
    plug.put_metric("App", "Errors", {"Fleet": "blue"}, 5, "Count", None, 60)
    clock.advance(60)
    plug.timer.tick()
    assert state(cloudwatch) == "OK"
    plug.put_metric("App", "Errors", {"Fleet": "green"}, 1, "Count", None, 60)
    plug.timer.tick()
    assert state(cloudwatch) == "OK"
    clock.advance(60)
    plug.timer.tick()
    assert state(cloudwatch) == "ALARM"
    assert plug.alarm_states(["errors", "no such alarm"]) == {"errors": "ALARM"}
