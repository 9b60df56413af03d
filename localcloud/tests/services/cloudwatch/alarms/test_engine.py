"""Alarms over time on a clock at rest: when they change, what they then say, and when they stay."""

import json

import pytest

from localcloud.services.cloudwatch.alarms import engine
from localcloud.services.cloudwatch.alarms.engine import AlarmEngine
from localcloud.services.cloudwatch.alarms.records import AlarmRecords
from localcloud.services.cloudwatch.alarms.transitions import Transition
from localcloud.services.cloudwatch.errors import ServiceError
from localcloud.services.cloudwatch.metric_math.syntax import MathError
from localcloud.services.cloudwatch.metrics.store import Datum, Metric, MetricStore, dimensions_of

GREEN = {"EndpointName": "houses", "VariantName": "main", "EndpointConfigName": "green"}
DIMENSIONS = [{"Name": name, "Value": value} for name, value in GREEN.items()]


class Watch:
    """An engine, its store, and what it announced."""

    def __init__(self, clock):
        self.clock = clock
        self.store = MetricStore()
        self.announced: list[Transition] = []
        self.engine = AlarmEngine(
            self.store, AlarmRecords("1" * 12, "us-east-1"), clock, self.announced.append
        )

    def publish(self, value, name="Errors", dimensions=GREEN, at=None, count=1.0, resolution=60):
        metric = Metric("AWS/SageMaker", name, dimensions_of(dimensions))
        at = self.clock.now() if at is None else at
        self.store.put(Datum(metric, at, ((float(value), float(count)),), "None", None, resolution))

    def put(self, name="errors", **changes):
        self.engine.put_metric_alarm(
            {
                "AlarmName": name,
                "Namespace": "AWS/SageMaker",
                "MetricName": "Errors",
                "Dimensions": DIMENSIONS,
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 0.0,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
                **changes,
            }
        )

    def after(self, seconds=0):
        self.clock.advance(seconds)
        self.engine.evaluate()
        return self.state()

    def state(self, name="errors"):
        return self.engine.states([name])[name]

    def record(self, name="errors"):
        return self.engine.alarm_records.get(name)


@pytest.fixture
def watch(clock):
    return Watch(clock)


def test_a_new_alarm_has_insufficient_data_until_it_is_evaluated(watch):
    watch.put()
    assert watch.state() == "INSUFFICIENT_DATA"
    assert watch.after() == "OK"


def test_data_from_before_the_alarm_counts(watch):
    watch.publish(1)
    watch.clock.advance(60)
    watch.put()
    assert watch.after() == "ALARM"


def test_a_period_is_judged_the_moment_it_is_over_and_not_before(watch):
    watch.put()
    watch.publish(1)
    assert watch.after(59.9) == "OK"
    assert watch.after(0.1) == "ALARM"


def test_data_that_arrives_late_is_judged_at_once(watch):
    watch.put()
    began = watch.clock.now()
    assert watch.after(61) == "OK"
    watch.publish(1, at=began + 59)
    assert watch.after() == "ALARM"


@pytest.mark.parametrize(
    "dimensions",
    [
        {**GREEN, "EndpointConfigName": "blue"},
        {"EndpointName": "houses", "VariantName": "main"},
        {**GREEN, "Extra": "1"},
        {},
    ],
)
def test_only_exactly_its_own_dimensions_fire_an_alarm(watch, dimensions):
    watch.put()
    watch.publish(100, dimensions=dimensions)
    assert watch.after(60) == "OK"


def test_two_out_of_three(watch):
    watch.put(EvaluationPeriods=3, DatapointsToAlarm=2)
    states = []
    for errors in (0, 1, 0, 1, 0, 0, 0):
        watch.publish(errors)
        states.append(watch.after(60))
    assert states == ["OK", "OK", "OK", "ALARM", "OK", "OK", "OK"]


def test_an_alarm_recovers_once_the_bad_period_left_the_evaluation_range(watch):
    watch.put()
    watch.publish(1)
    assert watch.after(60) == "ALARM"
    assert [watch.after(60) for _ in range(3)] == ["ALARM", "ALARM", "OK"]


def test_five_minutes_slide_minute_by_minute(watch):
    watch.put(Period=300, Threshold=4.0)
    states = []
    for errors in (1, 1, 1, 1, 1, 0, 0, 0, 0):
        watch.publish(errors)
        states.append(watch.after(60))
    assert states == ["OK"] * 4 + ["ALARM"] + ["OK"] * 4


def test_a_wall_clock_window_judges_whole_hours_only(watch):
    watch.put(Period=3600, Threshold=0.0, EvaluationWindow={"WallClockWindow": {}})
    watch.publish(1)
    assert watch.after(3599) == "OK"
    assert watch.after(1) == "ALARM"


def test_a_ten_second_alarm_on_high_resolution_data(watch):
    watch.put(Period=10)
    watch.publish(1, resolution=1)
    assert watch.after(9) == "OK"
    assert watch.after(1) == "ALARM"


def test_a_percentile_alarm(watch):
    watch.put(Statistic=None, ExtendedStatistic="p99", MetricName="Latency", Threshold=1000.0)
    watch.publish(100, name="Latency", count=990)
    watch.publish(5000, name="Latency", count=10)
    assert watch.after(60) == "OK"
    watch.publish(100, name="Latency", count=980)
    watch.publish(5000, name="Latency", count=20)
    assert watch.after(60) == "ALARM"
    assert json.loads(watch.record()["StateReasonData"])["statistic"] == "p99"


def test_a_percentile_of_few_samples_can_be_ignored(watch):
    for name, choice in (("ignoring", "ignore"), ("evaluating", "evaluate")):
        watch.put(
            name,
            Statistic=None,
            ExtendedStatistic="p99",
            EvaluateLowSampleCountPercentile=choice,
        )
    watch.publish(5000, count=999)
    watch.clock.advance(60)
    watch.engine.evaluate()
    assert watch.engine.states(["ignoring", "evaluating"]) == {
        "ignoring": "INSUFFICIENT_DATA",
        "evaluating": "ALARM",
    }
    watch.publish(5000, count=1000)
    watch.clock.advance(60)
    watch.engine.evaluate()
    assert watch.state("ignoring") == "ALARM"


def error_rate(threshold=1.0):
    def stat(key, name):
        metric = {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": DIMENSIONS}
        return {"Id": key, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    return {
        "Namespace": None,
        "MetricName": None,
        "Dimensions": None,
        "Statistic": None,
        "Period": None,
        "Threshold": threshold,
        "Metrics": [
            {"Id": "rate", "Expression": "100 * errors / FILL(requests, 0)", "ReturnData": True},
            stat("errors", "Errors"),
            stat("requests", "Invocations"),
        ],
    }


def test_an_alarm_on_an_error_rate(watch):
    watch.put(**error_rate())
    watch.publish(1)
    watch.publish(1, name="Invocations", count=200)
    assert watch.after(60) == "OK"
    watch.publish(1, count=6)
    watch.publish(1, name="Invocations", count=200)
    assert watch.after(60) == "ALARM"
    data = json.loads(watch.record()["StateReasonData"])
    assert data["recentDatapoints"] == [3.0]
    assert data["period"] == 60


def test_a_rate_without_requests_is_missing_and_not_an_alarm(watch):
    watch.put(**error_rate())
    watch.publish(1)
    assert watch.after(60) == "OK"


def test_the_reason_names_values_threshold_and_transition(watch):
    watch.put(EvaluationPeriods=3, DatapointsToAlarm=2)
    watch.publish(1)
    watch.after(60)
    watch.publish(2)
    watch.after(60)
    assert watch.record()["StateReason"] == (
        "Threshold Crossed: 2 out of the last 3 datapoints "
        "[2.0 (15/01/27 08:01:00), 1.0 (15/01/27 08:00:00)] were greater than the threshold (0.0) "
        "and 1 missing datapoint was treated as [NonBreaching] "
        "(minimum 2 datapoints for OK -> ALARM transition)."
    )


def test_the_reason_names_only_what_speaks_for_the_state(watch):
    watch.put(EvaluationPeriods=3, DatapointsToAlarm=2)
    for errors in (1, 0, 1):
        watch.publish(errors)
        watch.after(60)
    bad = "[1.0 (15/01/27 08:02:00), 1.0 (15/01/27 08:00:00)]"
    assert f"2 out of the last 3 datapoints {bad} were greater" in watch.record()["StateReason"]
    watch.publish(0)
    watch.after(60)
    good = "[0.0 (15/01/27 08:03:00), 0.0 (15/01/27 08:01:00)]"
    assert f"2 out of the last 3 datapoints {good} were not greater" in watch.record()["StateReason"]


def test_the_reason_when_only_gaps_speak_for_the_state(watch):
    watch.put(EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="breaching")
    watch.publish(0)
    watch.after(60)
    assert watch.record()["StateReason"] == (
        "Threshold Crossed: 2 missing datapoints were treated as [Breaching] "
        "(minimum 2 datapoints for OK -> ALARM transition)."
    )


def test_the_reason_without_any_data(watch):
    watch.put(EvaluationPeriods=2)
    watch.after()
    assert watch.record()["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 2 periods and "
        "2 missing datapoints were treated as [NonBreaching]."
    )


def test_the_reason_of_insufficient_data(watch):
    watch.put(TreatMissingData="missing")
    watch.publish(0)
    assert watch.after(60) == "OK"
    assert [watch.after(60) for _ in range(3)] == ["OK", "OK", "INSUFFICIENT_DATA"]
    assert watch.record()["StateReason"] == "Insufficient Data: 1 datapoint was unknown."


def test_reason_data_has_the_evaluated_datapoints(watch):
    watch.put()
    watch.publish(3)
    watch.after(60)
    assert json.loads(watch.record()["StateReasonData"]) == {
        "version": "1.0",
        "queryDate": "2027-01-15T08:01:00.000+0000",
        "startDate": "2027-01-15T08:00:00.000+0000",
        "statistic": "Sum",
        "period": 60,
        "recentDatapoints": [3.0],
        "threshold": 0.0,
        "evaluatedDatapoints": [
            {"timestamp": "2027-01-15T08:00:00.000+0000", "sampleCount": 1.0, "value": 3.0}
        ],
    }


def test_each_change_is_announced_once_with_what_was_before(watch):
    watch.put()
    watch.after()
    watch.publish(1)
    watch.after(60)
    watch.after(1)
    changes = [(one.previous["StateValue"], one.alarm["StateValue"]) for one in watch.announced]
    assert changes == [("INSUFFICIENT_DATA", "OK"), ("OK", "ALARM")]
    assert watch.announced[1].at == watch.clock.now() - 1


def test_history_has_every_change(watch):
    watch.put()
    watch.after()
    watch.put(Threshold=5.0)
    watch.engine.delete(["errors"])
    found = [(item["HistoryItemType"], item["HistorySummary"]) for item in watch.engine.alarm_records.history]
    assert found == [
        ("ConfigurationUpdate", 'Alarm "errors" created'),
        ("StateUpdate", "Alarm updated from INSUFFICIENT_DATA to OK"),
        ("ConfigurationUpdate", 'Alarm "errors" updated'),
        ("ConfigurationUpdate", 'Alarm "errors" deleted'),
    ]


def test_history_is_kept_for_two_weeks(watch):
    watch.put()
    watch.clock.advance(15 * 86400)
    watch.put(Threshold=5.0)
    assert [item["HistorySummary"] for item in watch.engine.alarm_records.history] == [
        'Alarm "errors" updated'
    ]


def test_changing_an_alarm_keeps_its_state_until_the_next_evaluation(watch):
    watch.put()
    watch.publish(3)
    watch.after(60)
    watch.put(Threshold=10.0)
    assert watch.state() == "ALARM"
    assert watch.after() == "OK"


def test_a_state_set_by_hand_lasts_until_there_is_something_new(watch):
    watch.put()
    watch.after()
    watch.engine.set_state("errors", "ALARM", "drill", '{"by": "me"}')
    assert watch.record()["StateReason"] == "drill"
    assert watch.after(1) == "ALARM"
    assert watch.after(60) == "OK"


def test_an_alarm_whose_expression_fails_has_insufficient_data(watch, monkeypatch):
    def fail(*_):
        raise MathError("no series")

    watch.put(**error_rate())
    watch.after()
    monkeypatch.setattr(engine, "datapoints", fail)
    assert watch.after(60) == "INSUFFICIENT_DATA"
    assert watch.record()["EvaluationState"] == "EVALUATION_ERROR"


def test_dynamodb_alarms_ignore_missing_data_whatever_they_say(watch):
    watch.put(Namespace="AWS/DynamoDB", TreatMissingData="breaching")
    assert watch.after(60) == "INSUFFICIENT_DATA"


def test_setting_the_state_of_no_alarm_is_refused(watch):
    with pytest.raises(ServiceError, match="no alarm named 'ghost'"):
        watch.engine.set_state("ghost", "OK", "", None)


@pytest.mark.parametrize(("state", "data"), [("FINE", None), ("OK", "not json")])
def test_a_state_that_is_none_is_refused(watch, state, data):
    watch.put()
    with pytest.raises(ServiceError):
        watch.engine.set_state("errors", state, "", data)


def test_deleting_what_is_not_there_is_no_error(watch):
    watch.engine.delete(["ghost"])
    assert watch.engine.alarm_records.history == []


def test_every_alarm_of_many_is_evaluated_when_its_period_ends(watch):
    for number in range(50):
        watch.put(f"alarm-{number}", Dimensions=[{"Name": "Number", "Value": str(number)}])
        watch.publish(number % 2, dimensions={"Number": str(number)})
    watch.clock.advance(60)
    watch.engine.evaluate()
    states = watch.engine.states([f"alarm-{number}" for number in range(50)])
    assert [states[f"alarm-{number}"] for number in range(50)] == ["OK", "ALARM"] * 25
