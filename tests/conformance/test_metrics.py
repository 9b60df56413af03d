"""What metrics and alarms do: dimensions, resolution and evaluation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conformance.world import World

COSTS = pytest.mark.costs(0.4, "a custom metric and an alarm, charged by the hour")


def put(world: World, namespace: str, value: float, resolution: int = 60, **dimensions: str) -> None:
    world.client("cloudwatch").put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": "Errors",
                "Value": value,
                "StorageResolution": resolution,
                "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions.items()],
            }
        ],
    )


def points(world: World, namespace: str, period: int, **dimensions: str) -> list[float]:
    """Up to 22 hours ahead, as 1,440 datapoints allow: an embedded cloud's clock runs ahead of this one."""
    now = datetime.now(UTC)
    found = world.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName="Errors",
        Dimensions=[{"Name": name, "Value": text} for name, text in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=22),
        Period=period,
        Statistics=["Sum"],
    )
    return [point["Sum"] for point in found["Datapoints"]]


@COSTS
def test_each_set_of_dimensions_is_a_metric_of_its_own(world: World):
    """CloudWatch User Guide, "Dimensions": a metric is not the sum of those with more dimensions."""
    namespace = world.name()
    put(world, namespace, 3.0, Fleet="green", Zone="a")
    assert world.until(lambda: points(world, namespace, 60, Fleet="green", Zone="a"), 300) == [3.0]
    assert points(world, namespace, 60, Fleet="green") == []
    assert points(world, namespace, 60) == []


def alarm(world: World, namespace: str, **more: Any) -> str:
    cloudwatch, name = world.client("cloudwatch"), world.name()
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=namespace,
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        **more,
    )
    world.remove_later(f"alarm {name}", lambda: cloudwatch.delete_alarms(AlarmNames=[name]))
    return name


def state(world: World, name: str) -> str:
    (found,) = world.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(found["StateValue"])


@COSTS
def test_an_alarm_of_a_minute_fires_on_its_own_dimensions_alone(world: World):
    """CloudWatch User Guide, "Alarm evaluation"; missing data that does not breach is OK."""
    namespace = world.name()
    own = alarm(world, namespace, Dimensions=[{"Name": "Fleet", "Value": "green"}])
    other = alarm(world, namespace)
    put(world, namespace, 1.0, Fleet="green")
    assert world.until(lambda: state(world, own) == "ALARM", 300)
    assert world.until(lambda: state(world, other) == "OK", 300)


@COSTS
def test_an_alarm_of_ten_seconds_may_be_made_on_any_metric(world: World):
    """PutMetricAlarm, Period: 10, 20 and 30 are valid; on a standard metric they see no data in between."""
    name = alarm(world, world.name())
    cloudwatch = world.client("cloudwatch")
    (made,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    asked = {key: made[key] for key in ("AlarmName", "Namespace", "MetricName", "Statistic", "Threshold")}
    shared = {"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}
    cloudwatch.put_metric_alarm(**asked, **shared, Period=10)
    with pytest.raises(cloudwatch.exceptions.ClientError):
        cloudwatch.put_metric_alarm(**asked, **shared, Period=15)
