"""CloudWatch alarms that a deployment puts for its green fleet, and what they saw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambdas.aws.clients import client

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient

_NAMES_PER_CALL = 100  # of DescribeAlarms and DeleteAlarms (CloudWatch API Reference)


@dataclass(frozen=True, kw_only=True)
class Firing:
    """An alarm that went to ALARM, with CloudWatch's own words for it."""

    name: str
    at: str
    reason: str
    datapoints: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.name} at {self.at}: {self.reason}"


def _cloudwatch() -> CloudWatchClient:
    cloudwatch: CloudWatchClient = client("cloudwatch")
    return cloudwatch


def put(request: dict[str, Any]) -> None:
    """Create the alarm, or replace it: `request` is PutMetricAlarm's."""
    _cloudwatch().put_metric_alarm(**request)


def described(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What CloudWatch says of these alarms, by name; those that don't exist are left out."""
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(names), _NAMES_PER_CALL):
        answer = _cloudwatch().describe_alarms(AlarmNames=list(names[start : start + _NAMES_PER_CALL]))
        found |= {alarm["AlarmName"]: dict(alarm) for alarm in answer["MetricAlarms"]}
    return found


def names_with_prefix(prefix: str) -> list[str]:
    pages = _cloudwatch().get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    return [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]


def delete(names: Sequence[str]) -> None:
    """Names that do not exist (any more) are no error: only those found are deleted."""
    for start in range(0, len(names), _NAMES_PER_CALL):
        _cloudwatch().delete_alarms(AlarmNames=list(names[start : start + _NAMES_PER_CALL]))


def trip(name: str, reason: str) -> None:
    """Put the alarm into ALARM by hand, which makes SageMaker roll back a deployment that watches it."""
    _cloudwatch().set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=reason[:1023])


def set_off(name: str, reason: str) -> None:
    """As `trip`, for an alarm that may be gone or changed: another takes its name, which stays in ALARM.

    Missing data leaves the state as it is ("ignore"), and nobody sends this alarm any.
    """
    put(
        {
            "AlarmName": name,
            "AlarmDescription": reason[:1023],
            "ActionsEnabled": False,
            "Namespace": "Greenlight",
            "MetricName": "Nothing",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0.0,
            "TreatMissingData": "ignore",
        }
    )
    trip(name, reason)


def firings(names: Sequence[str]) -> list[Firing]:
    """Each time that one of the alarms went to ALARM, oldest first; past ones too, since a green fleet that
    is gone sends no data and its alarms return to OK."""
    return sorted((f for name in names for f in _firings_of(name)), key=lambda f: f.at)


def _firings_of(name: str) -> list[Firing]:
    pages = (
        _cloudwatch()
        .get_paginator("describe_alarm_history")
        .paginate(AlarmName=name, HistoryItemType="StateUpdate")
    )
    found = []
    for page in pages:
        for item in page["AlarmHistoryItems"]:
            state = json.loads(item.get("HistoryData") or "{}").get("newState", {})
            if state.get("stateValue") == "ALARM":
                data = state.get("stateReasonData") or {}
                found.append(
                    Firing(
                        name=name,
                        at=item["Timestamp"].isoformat(),
                        reason=str(state.get("stateReason", item.get("HistorySummary", ""))),
                        datapoints=tuple(data.get("recentDatapoints") or ()),
                    )
                )
    return found
