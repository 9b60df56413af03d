"""Around the service: state over restarts, the timer, schedules on cloud time, and the package's API."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

import localcloud.services.cloudwatch
from localcloud.host.clock import Clock, FakeClock
from localcloud.services.cloudwatch import timer
from localcloud.services.eventbridge.schedules import CloudTime

ALARM = {
    "AlarmName": "errors",
    "Namespace": "App",
    "MetricName": "Errors",
    "ExtendedStatistic": "p50",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


def through_json(state):
    """State as ministack writes it to disk and reads it back."""
    from ministack.core import persistence

    text = json.dumps(state, default=persistence._json_default)
    return json.loads(text, object_hook=persistence._json_object_hook)


def test_a_restart_keeps_alarms_metrics_history_and_tags(plug, client, clock):
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM, Tags=[{"Key": "a", "Value": "b"}])
    cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule="ALARM(errors)")
    plug.timer.tick()
    plug.put_metric("App", "Errors", {}, 3, "Count", None, 60)
    state = through_json(plug.service.get_state())
    plug.service.reset()
    assert plug.alarm_states(["errors", "any"]) == {}

    plug.service.load_persisted_state(state)
    assert plug.alarm_states(["errors", "any"]) == {"errors": "OK", "any": "OK"}
    clock.advance(60)
    plug.timer.tick()
    assert plug.alarm_states(["errors", "any"]) == {"errors": "ALARM", "any": "ALARM"}
    history = cloudwatch.describe_alarm_history(AlarmName="errors", ScanBy="TimestampAscending")
    assert [item["HistorySummary"] for item in history["AlarmHistoryItems"]] == [
        'Alarm "errors" created',
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM",
    ]
    arn = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors"
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_alarms_of_every_region_are_evaluated_after_a_restart(plug):
    plug.service.monitor("111122223333", "eu-west-1").alarms.put_metric_alarm(dict(ALARM))
    state = through_json(plug.service.get_state())
    plug.service.reset()
    plug.service.load_persisted_state(state)
    plug.timer.tick()
    assert plug.service.monitor("111122223333", "eu-west-1").alarms.states(["errors"]) == {"errors": "OK"}


def test_regions_do_not_see_each_other(plug):
    other = plug.service.monitor("111122223333", "eu-west-1")
    other.alarms.put_metric_alarm(dict(ALARM))
    assert plug.alarm_states(["errors"]) == {}
    other.alarms.delete(["errors"])
    assert other.alarms.states(["errors"]) == {}


def test_an_empty_state_is_no_error(plug):
    plug.service.load_persisted_state({})
    assert plug.alarm_states(["errors"]) == {}


def test_metrics_of_ministacks_other_services_arrive(plug, client):
    from ministack.core.responses import request_scope
    from ministack.services import cloudwatch

    with request_scope(*plug.home):
        cloudwatch.record_metric("AWS/Lambda", "Errors", 1, "Count", {"FunctionName": "f"})
    (metric,) = client("cloudwatch").list_metrics(Namespace="AWS/Lambda")["Metrics"]
    assert metric["Dimensions"] == [{"Name": "FunctionName", "Value": "f"}]


def test_alarms_of_auto_scaling_arrive(plug, client):
    from ministack.core.responses import request_scope
    from ministack.services import cloudwatch

    with request_scope(*plug.home):
        cloudwatch.cloudformation_put_metric_alarm(
            {**ALARM, "Statistic": "", "Dimensions": [], "StateValue": "OK"}
        )
    assert plug.alarm_states(["errors"]) == {"errors": "INSUFFICIENT_DATA"}


def test_old_data_is_compacted_by_the_timer(plug, clock):
    store = plug.service.monitor(*plug.home).store
    plug.put_metric("App", "Errors", {}, 1, "Count", None, 60)
    clock.advance(16 * 86400)
    plug.timer.tick()
    assert store.metrics(since=0) == []


def test_a_failure_in_one_region_does_not_stop_another(plug, monkeypatch, caplog):
    other = plug.service.monitor("111122223333", "eu-west-1")
    other.alarms.put_metric_alarm(dict(ALARM))
    monkeypatch.setattr(plug.service.monitor(*plug.home).alarms, "evaluate", lambda: 1 / 0)
    plug.timer.tick()
    assert other.alarms.states(["errors"]) == {"errors": "OK"}
    assert "could not be evaluated" in caplog.text


@pytest.mark.parametrize(("speed", "seconds"), [(1, 1.0), (10, 0.3), (30, 0.1), (1000, 0.1)])
def test_alarms_are_evaluated_promptly_at_any_speed(speed, seconds):
    assert timer.interval(Clock(speed)) == pytest.approx(seconds)


def fires(clock, seconds):
    """When a schedule's target was invoked, in seconds from the start, over a stretch of cloud time."""
    from ministack.services import eventbridge

    began, fired = clock.now(), []
    original = eventbridge._invoke_target
    eventbridge._invoke_target = lambda target, event, rule, view: fired.append(event["Time"] - began)
    try:
        for _ in range(int(seconds // 10)):
            clock.advance(10)
            eventbridge._tick_scheduled_rules()
    finally:
        eventbridge._invoke_target = original
    return fired


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("rate(5 minutes)", [300, 600]), ("cron(0/4 * * * ? *)", [240, 480]), ("rate(1 hour)", [])],
)
def test_event_bridge_rules_fire_by_the_clouds_clock(plug, client, clock, expression, expected):
    events = client("events")
    events.put_rule(Name="tick", ScheduleExpression=expression)
    events.put_targets(Rule="tick", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:111122223333:q"}])
    assert fires(clock, 630) == expected


def test_schedules_are_swept_more_often_when_the_cloud_is_faster(plug, monkeypatch):
    from ministack.services import eventbridge, scheduler

    from localcloud.services.eventbridge import schedules

    schedules.install(Clock(30))
    for sweep in (eventbridge._SCHEDULER_TICK_INTERVAL, scheduler._SCHEDULE_TICK_INTERVAL):
        assert sweep == pytest.approx(1 / 3)


def test_the_scheduler_asks_the_cloud_for_the_time():
    clock = FakeClock(5.0)
    assert CloudTime(clock).time() == 5.0
    assert callable(CloudTime(clock).sleep)


def test_the_times_of_events_are_the_clouds(plug, client, clock):
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    events = client("events")
    events.put_rule(Name="all", EventPattern='{"source": ["app"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:111122223333:q"}])
    events.put_events(Entries=[{"Source": "app", "DetailType": "d", "Detail": "{}"}])
    (message,) = client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert datetime.fromisoformat(json.loads(message["Body"])["time"]) == datetime.fromtimestamp(
        clock.now(), UTC
    )


def test_the_package_can_be_used_once_it_is_installed(plug, clock, monkeypatch):
    from localcloud.services.cloudwatch import plug as plug_module

    stopping: list[Any] = []
    monkeypatch.setattr(localcloud.services.cloudwatch, "_plug", None)
    with pytest.raises(RuntimeError, match="install"):
        localcloud.services.cloudwatch.alarm_states(["errors"])
    monkeypatch.setattr(plug_module, "Plug", lambda *_: plug)
    cloud: Any = SimpleNamespace(
        clock=clock,
        account="111122223333",
        region="us-east-1",
        metric_delays={},
        on_shutdown=stopping.append,
    )
    localcloud.services.cloudwatch.install(cloud)
    localcloud.services.cloudwatch.put_metric("App", "Errors", {"Fleet": "green"}, 1, "Count")
    localcloud.services.cloudwatch.put_metric(
        "App", "Errors", None, 1, timestamp=clock.now(), resolution_seconds=1
    )
    localcloud.services.cloudwatch.put_metric_values("App", "Latency", None, [(5.0, 2), (7.0, 1)], "Seconds")
    plug.service.monitor(*plug.home).alarms.put_metric_alarm(dict(ALARM))
    assert localcloud.services.cloudwatch.alarm_states(["errors"])["errors"] in ("INSUFFICIENT_DATA", "OK")
    for stop in stopping:
        stop()
    assert len(plug.service.monitor(*plug.home).store.metrics(since=0)) == 3
