"""Alarms, composite alarms, dashboards and metric filters from a template: created, changed, deleted."""

import json
from typing import Any

import pytest

METRIC = {"Namespace": "App", "MetricName": "Errors", "Dimensions": [{"Name": "Fleet", "Value": "green"}]}
RULE = {"EvaluationPeriods": 1, "Threshold": 0, "ComparisonOperator": "GreaterThanThreshold"}


def template(**changes):
    resources: dict[str, Any] = {
        "Errors": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                **METRIC,
                **RULE,
                "Statistic": "Sum",
                "Period": "60",
                "TreatMissingData": "notBreaching",
                "Tags": [{"Key": "stage", "Value": "dev"}],
            },
        },
        "Rate": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                **RULE,
                "AlarmName": "rate",
                "Metrics": [
                    {"Id": "e1", "Expression": "100 * m1", "ReturnData": True},
                    {
                        "Id": "m1",
                        "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Sum"},
                        "ReturnData": False,
                    },
                ],
            },
        },
        "Any": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {
                "AlarmName": "any",
                "AlarmRule": {"Fn::Sub": 'ALARM("${Errors.Arn}") OR ALARM("${Rate}")'},
            },
        },
        "Board": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": "board", "DashboardBody": '{"widgets": []}'},
        },
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/houses"}},
        "Filter": {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "LogGroupName": {"Ref": "Logs"},
                "FilterPattern": "{ $.latency = * }",
                "MetricTransformations": [
                    {
                        "MetricName": "Latency",
                        "MetricNamespace": "App",
                        "MetricValue": "$.latency",
                        "Dimensions": [{"Key": "Fleet", "Value": "$.fleet"}],
                    }
                ],
            },
        },
    }
    for name, properties in changes.items():
        if properties is None:
            del resources[name]
        else:
            resources[name]["Properties"].update(properties)
    return json.dumps({"Resources": resources, "Outputs": {"Name": {"Value": {"Ref": "Errors"}}}})


@pytest.fixture
def stack(client):
    """Creates, updates or deletes the stack and says how that ended."""
    cloudformation = client("cloudformation")

    def run(operation, body=None):
        given = {} if body is None else {"TemplateBody": body}
        getattr(cloudformation, f"{operation}_stack")(StackName="s", **given)
        found = [one for one in cloudformation.list_stacks()["StackSummaries"] if one["StackName"] == "s"]
        return found[0]["StackStatus"], found[0].get("StackStatusReason", "")

    return run


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


def alarms(cloudwatch):
    found = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {alarm["AlarmName"]: alarm for alarm in found["MetricAlarms"] + found["CompositeAlarms"]}


def generated(cloudwatch):
    (name,) = set(alarms(cloudwatch)) - {"rate", "any", "renamed"}
    return name


def test_a_stack_has_its_alarms_from_beginning_to_end(stack, cloudwatch, client):
    assert stack("create", template())[0] == "CREATE_COMPLETE"
    found = alarms(cloudwatch)
    name = generated(cloudwatch)
    assert (found[name]["Period"], found[name]["Threshold"], found[name]["Dimensions"]) == (
        60,
        0.0,
        METRIC["Dimensions"],
    )
    assert found["rate"]["Metrics"][0]["Expression"] == "100 * m1"
    assert found["any"]["AlarmRule"] == f'ALARM("{found[name]["AlarmArn"]}") OR ALARM("rate")'
    tags = {
        tag["Key"]: tag["Value"]
        for tag in cloudwatch.list_tags_for_resource(ResourceARN=found[name]["AlarmArn"])["Tags"]
    }
    assert tags["stage"] == "dev"
    assert tags["aws:cloudformation:stack-name"] == "s"
    assert cloudwatch.get_dashboard(DashboardName="board")["DashboardBody"] == '{"widgets": []}'
    (metric_filter,) = client("logs").describe_metric_filters(logGroupName="/houses")["metricFilters"]
    assert metric_filter["metricTransformations"][0]["dimensions"] == {"Fleet": "$.fleet"}

    assert stack("delete")[0] == "DELETE_COMPLETE"
    assert alarms(cloudwatch) == {}
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []


def test_an_update_changes_alarms_in_place_and_keeps_their_states(stack, cloudwatch):
    stack("create", template())
    name = generated(cloudwatch)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="drill")
    status, _ = stack(
        "update",
        template(
            Errors={"Threshold": 5, "Tags": [{"Key": "stage", "Value": "prod"}]}, Any={"AlarmRule": "TRUE"}
        ),
    )
    assert status == "UPDATE_COMPLETE"
    found = alarms(cloudwatch)
    assert (found[name]["Threshold"], found[name]["StateValue"]) == (5.0, "ALARM")
    assert found["any"]["AlarmRule"] == "TRUE"


def test_a_new_name_replaces_an_alarm(stack, cloudwatch):
    stack("create", template(Any=None))
    assert stack("update", template(Any=None, Rate={"AlarmName": "renamed"}))[0] == "UPDATE_COMPLETE"
    assert set(alarms(cloudwatch)) == {generated(cloudwatch), "renamed"}


def test_an_alarm_that_cloudwatch_refuses_rolls_the_stack_back(stack, cloudwatch):
    status, _ = stack("create", template(Errors={"Period": 45}))
    assert status == "ROLLBACK_COMPLETE"
    assert alarms(cloudwatch) == {}


def test_the_reason_for_a_refusal_is_in_the_events(stack, client):
    stack("create", template(Any={"AlarmRule": "ALARM(ghost)"}))
    events = client("cloudformation").describe_stack_events(StackName="s")["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any("alarm:ghost" in reason and "ValidationError" in reason for reason in reasons)


def test_a_name_that_is_taken_is_not_taken_over(stack, cloudwatch):
    cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule="FALSE")
    assert stack("create", template())[0] == "ROLLBACK_COMPLETE"
    assert alarms(cloudwatch)["any"]["AlarmRule"] == "FALSE"
