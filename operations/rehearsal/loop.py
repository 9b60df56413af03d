"""The loop as its users have it: requests by the hour, the clock moved on, labels, and what the monitor said.

Everything goes where a user's would: the endpoint, the raw bucket's `labels/`, and executions.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contracts import layout
from localcloud.faults.client import FaultsClient
from localcloud.host.launch import Running
from operations.rehearsal.watch import RehearsalError

HOUR_SECONDS = 3600
RUN_AT_SECONDS = 15 * 60
"""Into the hour: the shipped schedule runs at a quarter past."""
SPARE_SECONDS = 60
_TOGETHER = 50
_CAPTURE_WALL_SECONDS = 5.0
_PATIENCE_WALL_SECONDS = 900.0
_ALARM_WALL_SECONDS = 30.0
Row = Mapping[str, str]


@dataclass(frozen=True)
class Asked:
    """Rows that one request carried."""

    inference_id: str
    rows: tuple[Row, ...]


class Loop:
    """One watched stage, whose monitor runs by the hour."""

    def __init__(self, cloud: Running) -> None:
        self._cloud, self._outputs = cloud, cloud.outputs
        self._clock = FaultsClient(cloud.environment)
        self._runtime, self._s3 = cloud.client("sagemaker-runtime"), cloud.client("s3")
        self._states, self._alarms = cloud.client("stepfunctions"), cloud.client("cloudwatch")
        self._machine = f"{self._outputs['StateMachineArn'].rpartition(':')[0]}:{self._monitor_name()}"

    def ask(self, name: str, rows: Sequence[Row]) -> list[Asked]:
        """Send the rows, many in a request, and wait until data capture has written them."""
        asked = []
        for number in range(0, len(rows), _TOGETHER):
            one = Asked(f"{name}-{number}", tuple(rows[number : number + _TOGETHER]))
            self._runtime.invoke_endpoint(
                EndpointName=self._outputs["EndpointName"],
                ContentType="text/csv",
                Accept="text/csv",
                InferenceId=one.inference_id,
                Body=_csv(one.rows),
            )
            asked.append(one)
        time.sleep(_CAPTURE_WALL_SECONDS)
        return asked

    def label(
        self, name: str, target: str, asked: Sequence[Asked], truth: Mapping[str, Sequence[str]]
    ) -> None:
        """Upload what came true: of each request, by its id, a value a row."""
        rows = [
            {"inference_id": one.inference_id, "row": str(place), target: value}
            for one in asked
            for place, value in enumerate(truth[one.inference_id])
        ]
        key = f"{layout.LABELS.prefix}{name}.csv"
        self._s3.put_object(Bucket=self._outputs["RawBucketName"], Key=key, Body=_csv(rows))

    def next_run(self) -> dict[str, Any]:
        """Let this hour end, and follow the run that looks at it: its output."""
        now = self._clock.advance(0)
        due = now - now % HOUR_SECONDS + HOUR_SECONDS + RUN_AT_SECONDS
        self._clock.advance(due + SPARE_SECONDS - now)
        told = f"{datetime.fromtimestamp(due, UTC):%Y-%m-%dT%H:%M:%SZ}"
        until = time.monotonic() + _PATIENCE_WALL_SECONDS
        while time.monotonic() < until:
            for arn in self._runs():
                if self._asked_at(arn) == told:
                    return self._output(arn, until)
            time.sleep(0.2)
        raise RehearsalError(f"the schedule started no run of {self._machine} for {told}")

    def time(self) -> str:
        """The cloud's, such as 14:16."""
        return f"{datetime.fromtimestamp(self._clock.advance(0), UTC):%H:%M}"

    def alarm(self, name: str, expected: str) -> str:
        """The state of one of the stage's alarms, which has some seconds to come to what is expected."""
        until = time.monotonic() + _ALARM_WALL_SECONDS
        while (state := self._alarm(name)) != expected and time.monotonic() < until:
            time.sleep(0.2)
        return state

    def _alarm(self, name: str) -> str:
        full = f"{self._outputs['EndpointName']}-{name}"
        found = self._alarms.describe_alarms(AlarmNamePrefix=full)["MetricAlarms"]
        if not found:
            raise RehearsalError(f"the stage has no alarm {full}")
        return str(found[0]["StateValue"])

    def _runs(self) -> list[str]:
        """The newest first."""
        found = self._states.list_executions(stateMachineArn=self._machine)["executions"]
        return [run["executionArn"] for run in found]

    def _asked_at(self, arn: str) -> str:
        """The time that the schedule was due."""
        given = json.loads(self._states.describe_execution(executionArn=arn)["input"])
        return str(given.get("scheduled_time", ""))

    def _output(self, arn: str, until: float) -> dict[str, Any]:
        while time.monotonic() < until:
            found = self._states.describe_execution(executionArn=arn)
            if found["status"] == "SUCCEEDED":
                output: dict[str, Any] = json.loads(found["output"])
                return output
            if found["status"] != "RUNNING":
                raise RehearsalError(f"{arn}: {found['status']}: {found.get('error')}: {found.get('cause')}")
            time.sleep(0.2)
        raise RehearsalError(f"{arn} did not end")

    def _monitor_name(self) -> str:
        return f"{self._outputs['EndpointName']}-monitoring"


def _csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
