"""Whether the alarms that a deployment put are still there, and as they were put. Pure.

What SageMaker does about an alarm that disappears while it bakes is not documented: so it is looked at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# What decides when an alarm fires and whom it tells (CloudWatch API Reference, `PutMetricAlarm`); the rest of
# an alarm is its name, words about it, and its state.
_TEXTS = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Unit", "ComparisonOperator")
_NUMBERS = ("Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold")
_DEFAULTS = {"TreatMissingData": "missing"}


def fingerprint(alarm: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a PutMetricAlarm request or of what DescribeAlarms says of it: the same for both."""
    found = {
        **{key: alarm.get(key) for key in _TEXTS},
        **{key: float(alarm[key]) for key in _NUMBERS if alarm.get(key) is not None},
        **{key: alarm.get(key) or default for key, default in _DEFAULTS.items()},
        "Dimensions": _dimensions(alarm),
        "Metrics": sorted((_query(query) for query in alarm.get("Metrics") or ()), key=lambda q: q["Id"]),
        "AlarmActions": sorted(alarm.get("AlarmActions") or ()),
    }
    present = {key: value for key, value in found.items() if value}
    return hashlib.sha256(json.dumps(present, sort_keys=True).encode()).hexdigest()


def _dimensions(of: Mapping[str, Any]) -> list[list[str]]:
    return sorted([item["Name"], item["Value"]] for item in of.get("Dimensions") or ())


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    stat = query.get("MetricStat") or {}
    metric = stat.get("Metric") or {}
    return {
        "Id": query["Id"],
        "Expression": query.get("Expression"),
        "Metric": [metric.get("Namespace"), metric.get("MetricName"), _dimensions(metric)],
        "Period": stat.get("Period"),
        "Stat": stat.get("Stat"),
        "ReturnData": query.get("ReturnData", True),
    }


def broken(guards: Mapping[str, str], found: Mapping[str, Mapping[str, Any]]) -> str:
    """What is wrong with a deployment's alarms, or an empty text.

    `guards` is the fingerprint of each by name, as it was put; `found` what DescribeAlarms answers for them.
    """
    return "; ".join(filter(None, (_fault(name, guards[name], found.get(name)) for name in sorted(guards))))


def _fault(name: str, expected: str, alarm: Mapping[str, Any] | None) -> str:
    if alarm is None:
        return f"alarm {name} is gone"
    if not alarm.get("ActionsEnabled", True):
        return f"the actions of alarm {name} are off"
    return f"alarm {name} has been changed" if fingerprint(alarm) != expected else ""
