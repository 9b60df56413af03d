"""An alarm on metrics that come late: at 60 s it fires later, at 10 s on standard metrics never."""

import pytest

from localcloud.services.cloudwatch.alarms.engine import AlarmEngine
from localcloud.services.cloudwatch.alarms.records import AlarmRecords
from localcloud.services.cloudwatch.metrics.store import Datum, Metric, MetricStore

ERRORS = Metric("AWS/SageMaker", "Errors", ())


def fired_after(clock, period_seconds: int, delay_seconds: float, limit_seconds: int = 600) -> int | None:
    """Seconds of steady errors until the alarm fires, looked at every second; None if it never does."""
    store = MetricStore(clock.now, {"AWS/SageMaker": delay_seconds})
    alarms = AlarmEngine(store, AlarmRecords("1" * 12, "us-east-1"), clock, lambda change: None)
    alarms.put_metric_alarm(
        {
            "AlarmName": "errors",
            "Namespace": "AWS/SageMaker",
            "MetricName": "Errors",
            "Statistic": "Sum",
            "Period": period_seconds,
            "EvaluationPeriods": 1,
            "Threshold": 0.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        }
    )
    for second in range(limit_seconds):
        store.put(Datum(ERRORS, clock.now(), ((1.0, 1.0),)))
        clock.advance(1)
        alarms.evaluate()
        if alarms.states(["errors"])["errors"] == "ALARM":
            return second + 1
    return None


@pytest.mark.parametrize(("delay", "latest"), [(0.0, 60), (30.0, 90), (120.0, 180)])
def test_at_a_minute_an_alarm_fires_as_late_as_the_metric_is(clock, delay: float, latest: int):
    fired = fired_after(clock, 60, delay)
    assert fired is not None
    assert fired <= latest


def test_at_ten_seconds_on_a_standard_metric_it_never_fires(clock):
    assert fired_after(clock, 10, 0.0) is None
