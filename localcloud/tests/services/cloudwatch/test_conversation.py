"""boto3 talks to the plugged-in CloudWatch: metrics, alarms, their states and history."""

import time
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from localcloud.services.cloudwatch.protocol import cbor
from localcloud.services.cloudwatch.protocol.wire import service_model

GREEN = [{"Name": "Fleet", "Value": "green"}]


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


@pytest.fixture
def careless(client):
    """A client that leaves every check to the service."""
    return client("cloudwatch", parameter_validation=False)


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def put_data(cloudwatch, *values, name="Latency", **more):
    data = [{"MetricName": name, "Value": value, **more} for value in values]
    cloudwatch.put_metric_data(Namespace="App", MetricData=data)


def put_alarm(cloudwatch, **changes):
    cloudwatch.put_metric_alarm(
        **{
            "AlarmName": "errors",
            "Namespace": "App",
            "MetricName": "Errors",
            "Dimensions": GREEN,
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


def statistics(cloudwatch, clock, **changes):
    asked = {
        "Namespace": "App",
        "MetricName": "Latency",
        "StartTime": at(clock.now() - 60),
        "EndTime": at(clock.now() + 60),
        "Period": 60,
        "Statistics": ["Sum"],
        **changes,
    }
    return cloudwatch.get_metric_statistics(**asked)["Datapoints"]


def refusal(call, *args, **parameters):
    with pytest.raises(ClientError) as refused:
        call(*args, **parameters)
    return refused.value.response["Error"]


def test_data_comes_back_as_statistics(cloudwatch, clock):
    put_data(cloudwatch, 1.0, 2.0, 6.0, Unit="Seconds")
    names = ["Average", "Sum", "SampleCount", "Minimum", "Maximum"]
    assert statistics(cloudwatch, clock, Statistics=names, ExtendedStatistics=["p50"]) == [
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


def test_values_with_counts_and_statistic_sets_add_up(cloudwatch, clock):
    cloudwatch.put_metric_data(
        Namespace="App",
        MetricData=[
            {"MetricName": "Latency", "Values": [1.0, 2.0], "Counts": [3.0, 1.0]},
            {
                "MetricName": "Latency",
                "StatisticValues": {"SampleCount": 2, "Sum": 10, "Minimum": 4, "Maximum": 6},
            },
        ],
    )
    (point,) = statistics(cloudwatch, clock, Statistics=["Sum", "SampleCount", "Maximum"])
    assert (point["Sum"], point["SampleCount"], point["Maximum"]) == (15, 6, 6)


def test_each_unit_has_its_own_datapoints(cloudwatch, clock):
    put_data(cloudwatch, 1.0, Unit="Seconds")
    put_data(cloudwatch, 1000.0, Unit="Milliseconds")
    units = sorted(point["Unit"] for point in statistics(cloudwatch, clock))
    assert units == ["Milliseconds", "Seconds"]
    (point,) = statistics(cloudwatch, clock, Unit="Seconds")
    assert point["Sum"] == 1


def test_a_client_on_wall_time_publishes_and_asks_for_the_clouds_now(cloudwatch, clock):
    clock.advance(max(0.0, time.time() + 3600 - clock.now()))
    put_data(cloudwatch, 5.0, Timestamp=datetime.now(UTC))
    (point,) = statistics(cloudwatch, clock, StartTime=at(clock.now() - 120))
    assert point["Sum"] == 5.0
    day = 86400
    found = statistics(
        cloudwatch, clock, StartTime=at(time.time() - day), EndTime=at(time.time()), Period=day
    )
    assert [point["Sum"] for point in found] == [5.0]


def test_an_explicit_time_is_kept(cloudwatch, clock):
    put_data(cloudwatch, 5.0, Timestamp=at(clock.now() - 3600))
    (point,) = statistics(cloudwatch, clock, StartTime=at(clock.now() - 7200))
    assert point["Timestamp"] == at(clock.now() - 3600)


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({"MetricName": ""}, "MissingParameter"),
        ({"MetricName": "A", "StatisticValues": {"SampleCount": 1, "Sum": 1}}, "MissingParameter"),
        ({"MetricName": "A", "Value": float("inf")}, "InvalidParameterValue"),
        (
            {
                "MetricName": "A",
                "Value": 1.0,
                "Dimensions": [{"Name": str(n), "Value": "1"} for n in range(31)],
            },
            "InvalidParameterValue",
        ),
        ({"MetricName": "A"}, "InvalidParameterCombination"),
        ({"MetricName": "A", "Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ({"MetricName": "A", "Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue"),
        ({"MetricName": "A", "Values": [1.0] * 151}, "InvalidParameterValue"),
        ({"MetricName": "A", "Values": [1.0], "Counts": [0.0]}, "InvalidParameterValue"),
        ({"MetricName": "A", "Value": 1.0, "Timestamp": at(1_700_000_000)}, "InvalidParameterValue"),
        ({"MetricName": "A", "Value": 1.0, "Timestamp": at(1_800_090_000)}, "InvalidParameterValue"),
        (
            {"MetricName": "A", "StatisticValues": {"SampleCount": 0, "Sum": 0, "Minimum": 0, "Maximum": 0}},
            "InvalidParameterValue",
        ),
    ],
)
def test_bad_data_is_refused(careless, datum, code):
    assert refusal(careless.put_metric_data, Namespace="App", MetricData=[datum])["Code"] == code


def test_data_of_an_entity_is_data(cloudwatch, clock):
    cloudwatch.put_metric_data(
        Namespace="App",
        EntityMetricData=[{"MetricData": [{"MetricName": "Latency", "Value": 2.0}]}],
    )
    assert statistics(cloudwatch, clock)[0]["Sum"] == 2.0


def test_a_request_holds_at_most_a_thousand_metrics(cloudwatch):
    many = [{"MetricName": str(number), "Value": 1.0} for number in range(1001)]
    refused = refusal(cloudwatch.put_metric_data, Namespace="App", MetricData=many)
    assert refused["Code"] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Statistics": []}, "MissingParameter"),
        ({"ExtendedStatistics": ["p900"]}, "InvalidParameterValue"),
        ({"Period": 7}, "ValidationError"),
    ],
)
def test_statistics_that_do_not_exist_are_refused(careless, clock, changes, code):
    assert refusal(statistics, careless, clock, **changes)["Code"] == code


def test_aws_namespaces_are_reserved(cloudwatch):
    refused = refusal(cloudwatch.put_metric_data, Namespace="AWS/Lambda", MetricData=[])
    assert refused["Code"] == "InvalidParameterValue"


def query(key="m1", name="Latency", stat="Sum", period=60, **more):
    metric = {"Namespace": "App", "MetricName": name}
    return {"Id": key, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}


def data(cloudwatch, clock, *queries, **more):
    asked = {"StartTime": at(clock.now() - 600), "EndTime": at(clock.now() + 60), **more}
    return cloudwatch.get_metric_data(MetricDataQueries=list(queries), **asked)


def test_metric_data_with_math(cloudwatch, clock):
    for minute in range(3):
        put_data(cloudwatch, float(minute + 1))
        put_data(cloudwatch, 10.0, name="Requests")
        clock.advance(60)
    found = data(
        cloudwatch,
        clock,
        query(ReturnData=False),
        query("m2", "Requests", ReturnData=False),
        {"Id": "rate", "Expression": "100 * m1 / m2", "Label": "Error rate"},
    )
    (result,) = found["MetricDataResults"]
    assert (result["Id"], result["Label"], result["StatusCode"]) == ("rate", "Error rate", "Complete")
    assert result["Values"] == [30.0, 20.0, 10.0]
    assert result["Timestamps"] == [at(clock.now() - 60), at(clock.now() - 120), at(clock.now() - 180)]


def test_metric_data_in_pages_and_ascending(cloudwatch, clock):
    for minute in range(5):
        put_data(cloudwatch, float(minute))
        clock.advance(60)
    pages: list[list[float]] = []
    token: dict[str, str] = {}
    while True:
        found = data(cloudwatch, clock, query(), ScanBy="TimestampAscending", MaxDatapoints=2, **token)
        pages.append(found["MetricDataResults"][0]["Values"])
        if "NextToken" not in found:
            break
        token = {"NextToken": found["NextToken"]}
    assert pages == [[0.0, 1.0], [2.0, 3.0], [4.0]]


def test_an_expression_may_give_several_series(cloudwatch, clock):
    put_data(cloudwatch, 1.0)
    put_data(cloudwatch, 2.0, name="Requests")
    found = data(
        cloudwatch,
        clock,
        query(ReturnData=False, Label="one"),
        query("m2", "Requests", ReturnData=False, Label="two"),
        {"Id": "e1", "Expression": "METRICS() * 2", "Label": "twice"},
    )
    assert [(one["Label"], one["Values"]) for one in found["MetricDataResults"]] == [
        ("twice one", [2.0]),
        ("twice two", [4.0]),
    ]


@pytest.mark.parametrize(
    "queries",
    [
        [query(), query()],
        [query("M1")],
        [{"Id": "e1", "Expression": "nope"}],
        [{"Id": "e1", "Expression": "SEARCH('x', 'Sum', 60)"}],
        [{"Id": "e1", "Expression": "SUM(m1)"}, query()],
        [query(stat="Median")],
        [query(period=45)],
        [{"Id": "e1"}],
    ],
)
def test_queries_that_cannot_be_answered_are_refused(cloudwatch, clock, queries):
    assert refusal(data, cloudwatch, clock, *queries)["Code"] == "ValidationError"


def test_a_span_of_time_must_be_one(cloudwatch, clock):
    assert refusal(data, cloudwatch, clock, query(), EndTime=at(1))["Code"] == "ValidationError"
    too_many = {"StartTime": at(clock.now() - 86400 * 7), "Period": 60}
    assert refusal(statistics, cloudwatch, clock, **too_many)["Code"] == "InvalidParameterCombination"


def test_metrics_are_listed_by_what_they_have(cloudwatch, clock):
    put_data(cloudwatch, 1.0, Dimensions=GREEN)
    put_data(cloudwatch, 1.0)
    clock.advance(4 * 3600)
    put_data(cloudwatch, 1.0, name="Errors", Dimensions=[{"Name": "Fleet", "Value": "blue"}])

    def names(**asked):
        return [metric["MetricName"] for metric in cloudwatch.list_metrics(**asked)["Metrics"]]

    assert names() == ["Errors", "Latency", "Latency"]
    assert names(Namespace="Other") == []
    assert names(MetricName="Errors") == ["Errors"]
    assert names(Dimensions=[{"Name": "Fleet"}]) == ["Errors", "Latency"]
    assert names(Dimensions=GREEN) == ["Latency"]
    assert names(RecentlyActive="PT3H") == ["Errors"]


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


def test_an_alarm_is_described_as_it_was_put(cloudwatch, clock):
    put_alarm(cloudwatch, AlarmDescription="too many", DatapointsToAlarm=1, Tags=[{"Key": "a", "Value": "b"}])
    (alarm,) = cloudwatch.describe_alarms(AlarmNamePrefix="err")["MetricAlarms"]
    assert alarm == {
        "AlarmName": "errors",
        "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors",
        "AlarmDescription": "too many",
        "AlarmConfigurationUpdatedTimestamp": clock.utcnow(),
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
        "StateUpdatedTimestamp": clock.utcnow(),
        "StateTransitionedTimestamp": clock.utcnow(),
        "MetricName": "Errors",
        "Namespace": "App",
        "Statistic": "Sum",
        "Dimensions": GREEN,
        "Period": 60,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    assert cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"] == [
        {"Key": "a", "Value": "b"}
    ]


def test_alarms_are_found_by_type_state_action_and_relation(cloudwatch):
    topic = "arn:aws:sns:us-east-1:111122223333:operators"
    put_alarm(cloudwatch, AlarmActions=[topic])
    put_alarm(cloudwatch, AlarmName="latency", MetricName="Latency")
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(errors) AND ALARM(latency)")

    def names(**asked):
        found = cloudwatch.describe_alarms(**asked)
        return [alarm["AlarmName"] for alarm in found["MetricAlarms"] + found["CompositeAlarms"]]

    assert names() == ["errors", "latency"]
    assert names(AlarmTypes=["CompositeAlarm"]) == ["both"]
    assert names(AlarmTypes=["CompositeAlarm", "MetricAlarm"]) == ["errors", "latency", "both"]
    assert names(StateValue="OK", AlarmTypes=["CompositeAlarm"]) == ["both"]
    assert names(ActionPrefix="arn:aws:sns") == ["errors"]
    assert names(ChildrenOfAlarmName="both") == ["errors", "latency"]
    assert names(ParentsOfAlarmName="errors", AlarmTypes=["CompositeAlarm"]) == ["both"]
    found = cloudwatch.describe_alarms_for_metric(Namespace="App", MetricName="Errors", Dimensions=GREEN)
    assert [alarm["AlarmName"] for alarm in found["MetricAlarms"]] == ["errors"]
    assert cloudwatch.describe_alarms_for_metric(Namespace="App", MetricName="Errors")["MetricAlarms"] == []


def test_alarms_and_their_history_come_in_pages(cloudwatch):
    for number in range(5):
        put_alarm(cloudwatch, AlarmName=f"alarm-{number}")
    pages = cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 2})
    assert [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]] == [
        f"alarm-{number}" for number in range(5)
    ]
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(PaginationConfig={"PageSize": 2})
    assert [item["AlarmName"] for page in pages for item in page["AlarmHistoryItems"]] == [
        f"alarm-{number}" for number in reversed(range(5))
    ]
    assert refusal(cloudwatch.describe_alarms, NextToken="!")["Code"] == "InvalidNextToken"
    assert refusal(cloudwatch.describe_alarms, MaxRecords=101)["Code"] == "ValidationError"


def test_history_can_be_narrowed(cloudwatch, clock):
    put_alarm(cloudwatch)
    clock.advance(60)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="drill")

    def kinds(**asked):
        found = cloudwatch.describe_alarm_history(AlarmName="errors", **asked)["AlarmHistoryItems"]
        return [item["HistoryItemType"] for item in found]

    assert kinds(ScanBy="TimestampAscending") == ["ConfigurationUpdate", "StateUpdate"]
    assert kinds(HistoryItemType="StateUpdate") == ["StateUpdate"]
    assert kinds(StartDate=at(clock.now())) == ["StateUpdate"]
    assert kinds(EndDate=at(clock.now() - 1)) == ["ConfigurationUpdate"]
    assert kinds(AlarmTypes=["CompositeAlarm"]) == []


def test_actions_are_disabled_and_enabled(cloudwatch):
    put_alarm(cloudwatch)
    cloudwatch.disable_alarm_actions(AlarmNames=["errors"])
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"] is False
    cloudwatch.enable_alarm_actions(AlarmNames=["errors", "ghost"])
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"] is True


def test_a_deleted_alarm_is_gone_with_its_tags(cloudwatch, plug):
    put_alarm(cloudwatch, Tags=[{"Key": "a", "Value": "b"}])
    cloudwatch.delete_alarms(AlarmNames=["errors", "ghost"])
    plug.timer.tick()
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    arn = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors"
    assert refusal(cloudwatch.list_tags_for_resource, ResourceARN=arn)["Code"].startswith("ResourceNotFound")


def test_errors_name_what_is_missing(cloudwatch):
    missing = refusal(cloudwatch.set_alarm_state, AlarmName="ghost", StateValue="OK", StateReason="x")
    assert (missing["Code"], missing["Message"]) == ("ResourceNotFound", "There is no alarm named 'ghost'")
    assert refusal(cloudwatch.delete_alarms, AlarmNames=[])["Code"] == "MissingParameter"


def test_dashboards_still_work(cloudwatch):
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody='{"widgets": []}')
    assert [entry["DashboardName"] for entry in cloudwatch.list_dashboards()["DashboardEntries"]] == ["d"]
    assert cloudwatch.get_dashboard(DashboardName="d")["DashboardBody"] == '{"widgets": []}'


def test_an_operation_that_this_cloud_lacks_says_so(cloudwatch):
    assert refusal(cloudwatch.describe_insight_rules)["Code"] == "InvalidAction"


def test_other_sdks_speak_cbor(raw):
    def call(operation, parameters):
        status, headers, body = raw(
            f"/service/GraniteServiceVersion20100801/operation/{operation}",
            {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"},
            cbor.dumps(parameters),
        )
        assert headers["smithy-protocol"] == "rpc-v2-cbor"
        return status, cbor.loads(body)

    assert call("PutDashboard", {"DashboardName": "d", "DashboardBody": "{}"}) == (
        200,
        {"DashboardValidationMessages": []},
    )
    status, refused = call("GetDashboard", {"DashboardName": "none"})
    assert (status, refused["__type"]) == (404, "ResourceNotFound")
    assert call("DescribeAlarms", {}) == (200, {"MetricAlarms": [], "CompositeAlarms": []})


def test_older_clients_speak_the_query_protocol(raw):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    put = "Action=PutMetricData&Namespace=App&MetricData.member.1.MetricName=A&MetricData.member.1.Value=1"
    assert raw("/", form, put.encode())[0] == 200
    status, _, body = raw("/", form, b"Action=ListMetrics&Version=2010-08-01")
    assert status == 200
    assert b"<ListMetricsResult><Metrics><member><Namespace>App</Namespace>" in body
    status, _, body = raw("/", form, b"Action=DeleteAlarms")
    assert (status, b"<Code>MissingParameter</Code>" in body) == (400, True)


def test_every_operation_of_this_package_is_in_the_service_model():
    from localcloud.services.cloudwatch.service import OPERATIONS

    assert set(OPERATIONS) <= set(service_model().operation_names)
