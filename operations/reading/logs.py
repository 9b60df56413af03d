"""What the stage's parts printed: functions, training jobs, the endpoint's containers, the state machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.names import Names
from operations.reading.clients import Clients, pages
from operations.reading.errors import code_of, explained
from operations.reading.stack import Stack

TRAINING_JOBS = "/aws/sagemaker/TrainingJobs"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line; `source` is the function, job or endpoint that printed it."""

    at: datetime
    source: str
    level: str
    text: str


def groups(clients: Clients, stack: Stack) -> tuple[str, ...]:
    """The stage's log groups, and the account's own one for training jobs."""
    names = Names(stack.pipeline, stack.stage)
    prefixes = (f"/aws/lambda/{stack.name}-", names.endpoint_log_group)
    found = [
        str(group["logGroupName"])
        for prefix in prefixes
        for page in pages(clients("logs"), "describe_log_groups", logGroupNamePrefix=prefix)
        for group in page["logGroups"]
    ]
    own = [n for n in found if n == names.endpoint_log_group or not n.startswith(names.endpoint_log_group)]
    return (*own, TRAINING_JOBS)


def since(
    clients: Clients, stack: Stack, start: datetime, *, until: datetime | None = None, only: str = ""
) -> tuple[Line, ...]:
    """Every line from then on, oldest first; `only` of sources that have this text in their name."""
    lines = [
        line
        for group in groups(clients, stack)
        if not only or only.lower() in group.lower() or group == TRAINING_JOBS
        for line in _of_group(clients, stack, group, start, until)
        if not only or only.lower() in line.source.lower()
    ]
    return tuple(sorted(lines, key=lambda line: line.at))


def _of_group(
    clients: Clients, stack: Stack, group: str, start: datetime, until: datetime | None
) -> Iterator[Line]:
    from botocore.exceptions import ClientError

    request: dict[str, object] = {"logGroupName": group, "startTime": int(start.timestamp() * 1000)}
    if until:
        request["endTime"] = int(until.timestamp() * 1000)
    if group == TRAINING_JOBS:
        request["logStreamNamePrefix"] = f"{stack.name}-"
    with explained():
        try:
            for page in clients("logs").get_paginator("filter_log_events").paginate(**request):
                for event in page["events"]:
                    yield _line(group, stack, event)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":  # nothing was trained yet, or it is torn down
                raise


def _line(group: str, stack: Stack, event: dict[str, object]) -> Line:
    stream = str(event.get("logStreamName", ""))
    if group == TRAINING_JOBS:
        source = stream.partition("/")[0]
    else:
        source = group.rpartition("/")[2].removeprefix(f"{stack.name}-")
    text = str(event["message"]).rstrip("\n")
    at = datetime.fromtimestamp(int(str(event["timestamp"])) / 1000, UTC)
    level, said = _level(text)
    return Line(at=at, source=source, level=level, text=said)


def _level(text: str) -> tuple[str, str]:
    """The level of a line, and its message where it is one of the functions' JSON lines."""
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except ValueError:
            return "", text
        if isinstance(found, dict) and "message" in found:
            told = found["message"]
            return str(found.get("level", "")), told if isinstance(told, str) else json.dumps(told)
    first = text.split(maxsplit=1)[0].strip("[]:") if text.strip() else ""
    return (first if first in ("ERROR", "WARNING", "INFO", "DEBUG", "CRITICAL") else ""), text
