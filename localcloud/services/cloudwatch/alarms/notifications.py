"""What CloudWatch tells others when an alarm changes its state.

The event: CloudWatch User Guide, "Alarm events and EventBridge". The Lambda payload: "Lambda actions from
alarms". The SNS message has no reference page; its members are those of the messages AWS sends.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from localcloud.services.cloudwatch.alarms.reasons import timestamp
from localcloud.services.cloudwatch.alarms.requests import Record
from localcloud.services.cloudwatch.alarms.transitions import Transition

ACTIONS_ON = {
    "OK": "OKActions",
    "ALARM": "AlarmActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}
_REGION_NAMES = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "EU (Ireland)",
    "eu-central-1": "EU (Frankfurt)",
}
_SHOUTED = {"Average": "AVERAGE", "Sum": "SUM", "Minimum": "MINIMUM", "Maximum": "MAXIMUM"}


def event_detail(transition: Transition) -> dict[str, Any]:
    """The detail of the event "CloudWatch Alarm State Change"."""
    alarm = transition.alarm
    configuration = _composite_configuration(alarm) if transition.is_composite else _configuration(alarm)
    return {
        "alarmName": alarm["AlarmName"],
        "state": _state(alarm),
        "previousState": _state(transition.previous),
        "configuration": configuration,
    }


def lambda_payload(transition: Transition, account: str, region: str) -> dict[str, Any]:
    """The event that an alarm's Lambda action receives."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": transition.alarm["AlarmArn"],
        "accountId": account,
        "time": timestamp(transition.at),
        "region": region,
        "alarmData": event_detail(transition),
    }


def subject(alarm: Record, region: str) -> str:
    """The subject of the SNS message; SNS allows 100 characters."""
    return f'{alarm["StateValue"]}: "{alarm["AlarmName"]}" in {_REGION_NAMES.get(region, region)}'[:100]


def sns_message(transition: Transition, account: str, region: str) -> str:
    """The JSON that subscribers of the topic receive."""
    alarm = transition.alarm
    message: dict[str, Any] = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": timestamp(alarm["AlarmConfigurationUpdatedTimestamp"]),
        "NewStateValue": alarm["StateValue"],
        "NewStateReason": alarm["StateReason"],
        "StateChangeTime": timestamp(transition.at),
        "Region": _REGION_NAMES.get(region, region),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": transition.previous["StateValue"],
        "OKActions": alarm["OKActions"],
        "AlarmActions": alarm["AlarmActions"],
        "InsufficientDataActions": alarm["InsufficientDataActions"],
    }
    if transition.is_composite:
        message["AlarmRule"] = alarm["AlarmRule"]
        message["TriggeringChildren"] = _triggering_children(alarm)
    else:
        message["Trigger"] = _trigger(alarm)
    return json.dumps(message)


def _state(record: Mapping[str, Any]) -> dict[str, Any]:
    state = {"value": record["StateValue"], "reason": record.get("StateReason", "")}
    if record.get("StateReasonData"):
        state["reasonData"] = record["StateReasonData"]
    return {**state, "timestamp": timestamp(record["StateUpdatedTimestamp"])}


def _configuration(alarm: Record) -> dict[str, Any]:
    metrics = (
        [_event_metric(entry) for entry in alarm["Metrics"]] if alarm.get("Metrics") else [_single(alarm)]
    )
    return {"description": alarm.get("AlarmDescription") or "", "metrics": metrics}


def _composite_configuration(alarm: Record) -> dict[str, Any]:
    configuration = {"alarmRule": alarm["AlarmRule"]}
    if alarm.get("AlarmDescription"):
        configuration["description"] = alarm["AlarmDescription"]
    return configuration


def _single(alarm: Record) -> dict[str, Any]:
    stat = {
        "Metric": {key: alarm.get(key) for key in ("Namespace", "MetricName", "Dimensions")},
        "Period": alarm["Period"],
        "Stat": alarm.get("Statistic") or alarm["ExtendedStatistic"],
        "Unit": alarm.get("Unit"),
    }
    key = str(uuid5(NAMESPACE_URL, alarm["AlarmArn"]))
    return _event_metric({"Id": key, "MetricStat": stat, "ReturnData": True})


def _event_metric(entry: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"id": entry["Id"]}
    if entry.get("Expression"):
        described["expression"] = entry["Expression"]
    if entry.get("Label"):
        described["label"] = entry["Label"]
    if stat := entry.get("MetricStat"):
        metric = stat["Metric"]
        described["metricStat"] = {
            "metric": {
                "namespace": metric.get("Namespace"),
                "name": metric.get("MetricName"),
                "dimensions": {one["Name"]: one["Value"] for one in metric.get("Dimensions") or ()},
            },
            "period": stat["Period"],
            "stat": stat["Stat"],
            **({"unit": stat["Unit"]} if stat.get("Unit") else {}),
        }
    return {**described, "returnData": entry.get("ReturnData", True)}


def _trigger(alarm: Record) -> dict[str, Any]:
    common = {
        "Period": alarm.get("Period"),
        "EvaluationPeriods": alarm["EvaluationPeriods"],
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]),
        "ComparisonOperator": alarm["ComparisonOperator"],
        "Threshold": alarm["Threshold"],
        "TreatMissingData": alarm.get("TreatMissingData", ""),
        "EvaluateLowSampleCountPercentile": alarm.get("EvaluateLowSampleCountPercentile", ""),
    }
    if alarm.get("Metrics"):
        return {**common, "Metrics": [_trigger_metric(entry) for entry in alarm["Metrics"]]}
    if alarm.get("Statistic"):
        name = alarm["Statistic"]
        kind = {"StatisticType": "Statistic", "Statistic": _SHOUTED.get(name, name)}
    else:
        kind = {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": alarm["ExtendedStatistic"]}
    return {
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        **kind,
        "Unit": alarm.get("Unit"),
        "Dimensions": _spelled_small(alarm["Dimensions"]),
        **common,
    }


def _trigger_metric(entry: Mapping[str, Any]) -> dict[str, Any]:
    if stat := entry.get("MetricStat"):
        metric = {**stat["Metric"], "Dimensions": _spelled_small(stat["Metric"].get("Dimensions") or [])}
        entry = {**entry, "MetricStat": {**stat, "Metric": metric}}
    return {**entry, "ReturnData": entry.get("ReturnData", True)}


def _spelled_small(dimensions: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"value": one["Value"], "name": one["Name"]} for one in dimensions]


def _triggering_children(alarm: Record) -> list[dict[str, Any]]:
    children = json.loads(alarm.get("StateReasonData") or "{}").get("triggeringAlarms", [])
    return [{"Arn": one["arn"], "State": {"Value": one["state"]["value"]}} for one in children]
