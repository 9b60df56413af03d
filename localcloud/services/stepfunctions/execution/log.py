"""A state machine's log: each history event as a line of JSON in its log group.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.services.stepfunctions.execution.history import Event

_FATAL = ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


def logger(cloud: Cloud, machine: Mapping[str, Any], record: Mapping[str, Any]) -> Callable[[Event], None]:
    """What an execution calls with each event; it writes as the machine's logging configuration says."""
    logging = machine.get("loggingConfiguration") or {}
    group = _group(logging)
    level = logging.get("level", "OFF")
    if group is None or level == "OFF":
        return lambda event: None
    stream = f"states/{machine['name']}/{record['startDate'][:16]}/{record['name'][:20]}".replace(":", "-")
    with_data = bool(logging.get("includeExecutionData"))

    def write(event: Event) -> None:
        if _logged(event["type"], level):
            cloud.append_log(group, stream, [json.dumps(_line(event, record, with_data))])

    return write


def _group(logging: Mapping[str, Any]) -> str | None:
    for destination in logging.get("destinations") or []:
        arn = (destination.get("cloudWatchLogsLogGroup") or {}).get("logGroupArn", "")
        if ":log-group:" in arn:
            return str(arn.split(":log-group:")[1].removesuffix(":*"))
    return None


def _logged(kind: str, level: str) -> bool:
    if level == "ALL":
        return True
    if level == "FATAL":
        return kind in _FATAL
    return kind in _FATAL or kind.endswith(("Failed", "TimedOut", "Aborted"))


def _line(event: Event, record: Mapping[str, Any], with_data: bool) -> dict[str, Any]:
    details: Event = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    if not with_data:
        hidden = ("input", "output", "parameters", "inputDetails", "outputDetails")
        details = {name: value for name, value in details.items() if name not in hidden}
    moment = datetime.fromisoformat(event["timestamp"])
    return {
        "id": str(event["id"]),
        "type": event["type"],
        "details": details,
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(int(moment.timestamp() * 1000)),
        "execution_arn": record["executionArn"],
        "redrive_count": str(record.get("redriveCount", 0)),
    }
