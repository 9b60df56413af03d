"""What Step Functions tells CloudWatch of an execution.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html. Child executions of a Map Run
are left out, as AWS tells of those under the Map Run's own dimension.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from localcloud.host.cloud import Cloud

NAMESPACE = "AWS/States"
_ENDED = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


def record_start(cloud: Cloud, record: Mapping[str, Any]) -> None:
    """One more execution began."""
    _put(cloud, record, "ExecutionsStarted", 1, "Count")


def record_end(cloud: Cloud, record: Mapping[str, Any]) -> None:
    """How it ended, and how long it took."""
    _put(cloud, record, _ENDED[record["status"]], 1, "Count")
    _put(cloud, record, "ExecutionTime", _milliseconds(record), "Milliseconds")


def _milliseconds(record: Mapping[str, Any]) -> float:
    begun, ended = (datetime.fromisoformat(record[name]) for name in ("startDate", "stopDate"))
    return (ended - begun).total_seconds() * 1000


def _put(cloud: Cloud, record: Mapping[str, Any], name: str, value: float, unit: str) -> None:
    if "mapRunArn" not in record:
        dimensions = {"StateMachineArn": record["stateMachineArn"]}
        cloud.put_metric(NAMESPACE, name, value, unit=unit, dimensions=dimensions)
