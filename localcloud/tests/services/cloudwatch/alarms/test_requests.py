"""PutMetricAlarm refuses what CloudWatch refuses."""

import pytest

from localcloud.services.cloudwatch.alarms.requests import metric_alarm, rule_of, tags_of
from localcloud.services.cloudwatch.errors import ServiceError

VALID = {
    "AlarmName": "errors",
    "Namespace": "App",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
STAT = {
    "Id": "m1",
    "MetricStat": {"Metric": {"Namespace": "App", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"},
    "ReturnData": False,
}
MATH = {
    key: value
    for key, value in VALID.items()
    if key not in ("Namespace", "MetricName", "Statistic", "Period")
}


def with_metrics(*metrics):
    return {**MATH, "Metrics": list(metrics)}


def expression(text, key="e1", **more):
    return {"Id": key, "Expression": text, **more}


def test_a_record_holds_what_was_asked_and_no_more():
    record = metric_alarm({**VALID, "Nonsense": 1})
    assert record == {
        **VALID,
        "Dimensions": [],
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
    }


def test_all_periods_must_breach_unless_told_otherwise():
    assert rule_of(metric_alarm(VALID)).datapoints == 3
    assert rule_of(metric_alarm({**VALID, "DatapointsToAlarm": 2})).datapoints == 2


@pytest.mark.parametrize("period", [10, 20, 30, 60, 120, 3600])
def test_periods_that_are_allowed(period):
    assert metric_alarm({**VALID, "Period": period})["Period"] == period


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"AlarmName": None}, "AlarmName is required"),
        ({"AlarmName": "x" * 256}, "less than or equal to 255"),
        ({"AlarmName": "Fehlér"}, "ASCII"),
        ({"Namespace": None}, "Namespace is required"),
        ({"MetricName": ""}, "MetricName is required"),
        ({"Period": None}, "Period is required"),
        ({"Period": 45}, "10, 20, 30"),
        ({"Period": 5}, "10, 20, 30"),
        ({"Period": 90}, "multiple of 60"),
        ({"Statistic": None}, "Exactly one of Statistic and ExtendedStatistic"),
        ({"ExtendedStatistic": "p99"}, "Exactly one of Statistic and ExtendedStatistic"),
        ({"Statistic": "Median"}, "'statistic'"),
        ({"Statistic": None, "ExtendedStatistic": "p900"}, "ExtendedStatistic"),
        ({"EvaluationPeriods": None}, "EvaluationPeriods is required"),
        ({"EvaluationPeriods": 0}, "greater than or equal to 1"),
        ({"DatapointsToAlarm": 0}, "greater than or equal to 1"),
        ({"DatapointsToAlarm": 4}, "less than or equal to EvaluationPeriods"),
        ({"Threshold": None}, "Threshold is required"),
        ({"ComparisonOperator": "Bigger"}, "comparisonOperator"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "comparisonOperator"),
        ({"TreatMissingData": "guess"}, "TreatMissingData"),
        ({"EvaluateLowSampleCountPercentile": "maybe"}, "evaluate, ignore"),
        ({"Period": 600, "EvaluationPeriods": 145}, "more than a day"),
        ({"Period": 3600, "EvaluationPeriods": 169}, "more than 7 days"),
        ({"AlarmActions": ["topic"]}, "Invalid arn syntax: topic"),
        ({"OKActions": ["arn:aws:sns:us-east-1:1:t"] * 6}, "okActions|oKActions"),
        ({"Dimensions": [{"Name": str(n), "Value": "1"} for n in range(31)]}, "at most 30"),
        ({"ThresholdMetricId": "ad1"}, "ThresholdMetricId is not supported"),
        ({"EvaluationWindow": {"WallClockWindow": {}}, "Period": 120}, "WallClockWindow"),
        ({"EvaluationWindow": {"WallClockWindow": {"Timezone": "Europe/Oslo"}}}, "time zone UTC"),
    ],
)
def test_bad_requests(changes, complaint):
    with pytest.raises(ServiceError, match=complaint):
        metric_alarm({**VALID, **changes})


def test_math_needs_no_metric_of_its_own():
    assert metric_alarm(with_metrics(expression("m1 * 2"), STAT))["Metrics"][0]["Expression"] == "m1 * 2"


def test_one_metric_may_be_given_as_a_query():
    assert metric_alarm(with_metrics({**STAT, "ReturnData": True}))["Metrics"]


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (with_metrics(STAT), "Exactly one element"),
        (with_metrics(expression("m1"), expression("m1", "e2"), STAT), "Exactly one element"),
        (with_metrics(expression("m1 +"), STAT), "unexpected the end"),
        (with_metrics(expression("m2"), STAT), "'m2'"),
        (with_metrics(expression("SUM(m1)"), STAT), "gives a number"),
        (with_metrics(expression("METRICS()"), STAT, {**STAT, "Id": "m2"}), "one time series"),
        (with_metrics(expression("m1", "E1"), STAT), "expected pattern"),
        (with_metrics(expression("m1"), STAT, STAT), "more than once"),
        (with_metrics({"Id": "e1"}, STAT), "either MetricStat or Expression"),
        (with_metrics(expression("m1", AccountId="1"), STAT), "AccountId"),
        (with_metrics({**expression("m1"), "MetricStat": STAT["MetricStat"]}, STAT), "either MetricStat"),
        (
            with_metrics(expression("SUM(METRICS())"), *({**STAT, "Id": f"m{n}"} for n in range(11))),
            "at most 10 metrics",
        ),
        ({**with_metrics(expression("m1"), STAT), "Namespace": "App"}, "together with Metrics"),
        (with_metrics(expression("m1"), {**STAT, "MetricStat": {"Metric": {}}}), "needs Namespace"),
    ],
)
def test_bad_math(request_, complaint):
    with pytest.raises(ServiceError, match=complaint):
        metric_alarm(request_)


def test_tags():
    assert tags_of({"Tags": [{"Key": "team", "Value": "ml"}]}) == {"team": "ml"}


@pytest.mark.parametrize(
    "tags",
    [
        [{"Key": "", "Value": "x"}],
        [{"Key": "x" * 129, "Value": ""}],
        [{"Key": "x", "Value": "x" * 257}],
        [{"Key": "AWS:x", "Value": ""}],
        [{"Key": str(n), "Value": ""} for n in range(51)],
    ],
)
def test_bad_tags(tags):
    with pytest.raises(ServiceError):
        tags_of({"Tags": tags})
