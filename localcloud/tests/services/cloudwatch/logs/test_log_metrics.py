"""Metrics from log events: the embedded metric format and metric filters."""

import json
import time

import pytest

from localcloud.services.cloudwatch.logs import emf, metric_filters
from localcloud.services.cloudwatch.metrics.store import Metric

NOW = 1_800_000_000.0


def emf_data(document):
    message = document if isinstance(document, str) else json.dumps(document)
    return list(emf.data_in(message, NOW, lambda at: at))


def document(**changes):
    directive = {
        "Namespace": "houses",
        "Dimensions": [["service"], ["service", "stage"]],
        "Metrics": [{"Name": "Rows", "Unit": "Count"}, {"Name": "Seconds", "StorageResolution": 1}],
        **changes,
    }
    return {
        "_aws": {"Timestamp": 1_800_000_060_000, "CloudWatchMetrics": [directive]},
        "service": "ingest",
        "stage": "dev",
        "Rows": 12,
        "Seconds": [0.5, 1.5],
    }


def test_each_metric_is_published_under_each_set_of_dimensions():
    data = emf_data(document())
    assert [(datum.metric.name, dict(datum.metric.dimensions), datum.values) for datum in data] == [
        ("Rows", {"service": "ingest"}, ((12.0, 1.0),)),
        ("Rows", {"service": "ingest", "stage": "dev"}, ((12.0, 1.0),)),
        ("Seconds", {"service": "ingest"}, ((0.5, 1.0), (1.5, 1.0))),
        ("Seconds", {"service": "ingest", "stage": "dev"}, ((0.5, 1.0), (1.5, 1.0))),
    ]
    assert {datum.timestamp for datum in data} == {NOW + 60}
    assert [datum.unit for datum in data] == ["Count", "Count", "None", "None"]
    assert [datum.resolution_seconds for datum in data] == [60, 60, 1, 1]


def test_dimensions_are_optional():
    assert {datum.metric.dimensions for datum in emf_data(document(Dimensions=[]))} == {()}


def test_without_a_timestamp_it_is_the_events():
    made = document()
    del made["_aws"]["Timestamp"]
    assert {datum.timestamp for datum in emf_data(made)} == {NOW}


def test_values_may_come_with_counts():
    data = emf_data({**document(Dimensions=[[]]), "Rows": {"Values": [1, 2], "Counts": [3, 4]}})
    assert data[0].values == ((1.0, 3.0), (2.0, 4.0))


@pytest.mark.parametrize(
    "broken",
    [
        "no json",
        '{"_aws": 5}',
        '{"_aws": {"CloudWatchMetrics": 5}}',
        '{"_aws": {"CloudWatchMetrics": [5]}}',
        '["_aws"]',
        {"_aws": {"CloudWatchMetrics": [{"Metrics": [{"Name": "Rows"}]}]}, "Rows": 1},
        {**document(), "Rows": "many", "Seconds": True},
        {**document(), "Rows": None, "Seconds": []},
    ],
)
def test_what_breaks_the_format_publishes_nothing(broken):
    assert emf_data(broken) == []


def filtered(message, pattern="{ $.latency = * }", **transformation):
    one = {
        "filterPattern": pattern,
        "metricTransformations": [
            {
                "metricNamespace": "houses",
                "metricName": "Latency",
                "metricValue": "$.latency",
                **transformation,
            }
        ],
    }
    text = message if isinstance(message, str) else json.dumps(message)
    return list(metric_filters.data_of(one, text, NOW, lambda at: at))


def test_a_filter_publishes_the_field():
    (datum,) = filtered({"latency": 5.5}, unit="Milliseconds")
    assert datum.metric == Metric("houses", "Latency", ())
    assert (datum.values, datum.unit, datum.timestamp) == (((5.5, 1.0),), "Milliseconds", NOW)


def test_a_filter_counts_matches():
    assert filtered("ERROR here", pattern="ERROR", metricValue="1")[0].values == ((1.0, 1.0),)


def test_events_that_do_not_match_publish_the_default_if_there_is_one():
    assert filtered("fine", pattern="ERROR", metricValue="1") == []
    assert filtered("fine", pattern="ERROR", metricValue="1", defaultValue=0)[0].values == ((0.0, 1.0),)


def test_dimensions_come_from_fields():
    (datum,) = filtered({"latency": 5, "config": "green"}, dimensions={"EndpointConfigName": "$.config"})
    assert dict(datum.metric.dimensions) == {"EndpointConfigName": "green"}


def test_without_its_dimension_an_event_publishes_nothing():
    assert filtered({"latency": 5}, dimensions={"EndpointConfigName": "$.config"}) == []


def test_a_value_that_is_no_number_publishes_nothing():
    assert filtered({"latency": "slow"}) == []


def test_fields_of_lines_can_be_published():
    (datum,) = filtered("GET 200 17", pattern="[verb, status, bytes]", metricValue="$bytes")
    assert datum.values == ((17.0, 1.0),)


@pytest.fixture
def logs(client):
    made = client("logs")
    made.create_log_group(logGroupName="/houses")
    made.create_log_stream(logGroupName="/houses", logStreamName="one")
    return made


def log(logs, *messages):
    logs.put_log_events(
        logGroupName="/houses",
        logStreamName="one",
        logEvents=[
            {
                "timestamp": int(time.time() * 1000),
                "message": text if isinstance(text, str) else json.dumps(text),
            }
            for text in messages
        ],
    )


def test_put_log_events_reach_the_metrics_at_the_clouds_now(logs, plug, client, clock):
    logs.put_metric_filter(
        logGroupName="/houses",
        filterName="predictions",
        filterPattern='{ $.event = "predictions" }',
        metricTransformations=[
            {
                "metricName": "Mean",
                "metricNamespace": "houses",
                "metricValue": "$.mean",
                "dimensions": {"EndpointConfigName": "$.config"},
            }
        ],
    )
    log(logs, {"event": "predictions", "mean": 2.5, "config": "green"}, {"event": "other"}, "plain")
    found = client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {
                "Id": "m1",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "houses",
                        "MetricName": "Mean",
                        "Dimensions": [{"Name": "EndpointConfigName", "Value": "green"}],
                    },
                    "Period": 60,
                    "Stat": "Average",
                },
            }
        ],
        StartTime=clock.now() - 120,
        EndTime=clock.now() + 60,
    )
    assert found["MetricDataResults"][0]["Values"] == [2.5]


def test_the_embedded_metric_format_of_a_live_process_is_of_the_clouds_now(logs, plug, clock):
    made = document()
    made["_aws"]["Timestamp"] = int(time.time() * 1000)
    log(logs, made)
    store = plug.service.monitor(*plug.home).store
    assert {metric.name for metric in store.metrics(since=clock.now() - 120)} == {"Rows", "Seconds"}


def test_a_filter_with_a_broken_pattern_is_refused(logs):
    with pytest.raises(logs.exceptions.InvalidParameterException, match="ends too early"):
        logs.put_metric_filter(
            logGroupName="/houses",
            filterName="broken",
            filterPattern="{ $.a = }",
            metricTransformations=[{"metricName": "A", "metricNamespace": "B", "metricValue": "1"}],
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"metricValue": "latency"},
        {"metricValue": "$.a..b"},
        {"defaultValue": 0, "dimensions": {"A": "$.a"}},
    ],
)
def test_a_filter_that_could_publish_nothing_is_refused(logs, changes):
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.put_metric_filter(
            logGroupName="/houses",
            filterName="broken",
            filterPattern="",
            metricTransformations=[
                {"metricName": "A", "metricNamespace": "B", "metricValue": "1", **changes}
            ],
        )


def test_filter_log_events_understands_json_patterns(logs):
    log(logs, {"level": "ERROR"}, {"level": "INFO"}, "ERROR")
    found = logs.filter_log_events(logGroupName="/houses", filterPattern="{ $.level = ERROR }")
    assert [json.loads(event["message"])["level"] for event in found["events"]] == ["ERROR"]


def test_a_failure_to_read_metrics_does_not_lose_the_log(logs, plug, monkeypatch, caplog):
    monkeypatch.setattr(emf, "data_in", lambda *_: 1 / 0)
    log(logs, "kept")
    assert [event["message"] for event in logs.filter_log_events(logGroupName="/houses")["events"]] == [
        "kept"
    ]
    assert "are lost" in caplog.text


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("{ $.level = ERROR }", '{"level": "ERROR"}', True),
        ("ERROR", "fine", False),
        ("{ broken", "any", False),
    ],
)
def test_subscription_filters_use_the_same_patterns(plug, pattern, message, expected):
    from ministack.services import cloudwatch_logs

    assert cloudwatch_logs._subscription_pattern_matches(pattern, message) is expected


def test_searching_with_a_pattern_that_cannot_be_read_is_left_to_ministack(logs):
    log(logs, "one")
    found = logs.filter_log_events(logGroupName="/houses", filterPattern="{ broken")
    assert [event["message"] for event in found["events"]] == ["one"]
