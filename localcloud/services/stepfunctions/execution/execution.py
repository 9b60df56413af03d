"""One execution: its record, its role's calls, its time, and how it ends."""

from __future__ import annotations

import copy
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import responses, stepfunctions
from localcloud.services.stepfunctions import measures
from localcloud.services.stepfunctions.calls import Calls
from localcloud.services.stepfunctions.errors import ExecutionTimedOutError, StatesError, StoppedError
from localcloud.services.stepfunctions.execution.frame import Frame
from localcloud.services.stepfunctions.execution.history import Event, History, payload

_log = logging.getLogger("localcloud.services.stepfunctions")
_TICK_SECONDS = 0.5


class Execution:
    """Runs in threads of its own; `record` is what ministack's Describe and List read, and what is kept."""

    def __init__(
        self,
        cloud: Cloud,
        record: dict[str, Any],
        machine: dict[str, Any],
        calls: Calls,
        on_event: Callable[[Event], None],
    ) -> None:
        self.cloud = cloud
        self.record = record
        self.machine = machine
        self.calls = calls
        self.history = History(record["events"], on_event)
        self._on_event = on_event
        self._stopped = threading.Event()
        self._frozen = False
        self._scaled = 0.0
        self._began = time.monotonic()
        self._limit: float | None = None
        self._resumed: dict[str, Any] = {}

    # What states ask for

    def check(self) -> None:
        """Raise if the execution was stopped or has run out of time."""
        if self._stopped.is_set():
            raise StoppedError
        if self._limit is not None and self._elapsed() > self._limit:
            raise ExecutionTimedOutError

    def pause(self, cloud_seconds: float) -> None:
        """Wait on the cloud's clock, a part at a time so that the execution's own limit is seen."""
        clock, began = self.cloud.clock, time.monotonic()
        start, scaled = clock.now(), self._scaled
        tick = _TICK_SECONDS * clock.speed
        while (left := start + cloud_seconds - clock.now()) > 0:
            self.check()
            clock.wait(self._stopped, min(left, tick))
            passed = min(clock.now() - start, max(0.0, cloud_seconds))
            self._scaled = scaled + max(0.0, passed - (time.monotonic() - began))
        self.check()

    def wait(self, event: threading.Event, wall_seconds: float) -> bool:
        """Wait for the event on the wall's clock; whether it came. Raises when the execution ends first."""
        deadline = time.monotonic() + wall_seconds
        while not event.is_set():
            self.check()
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            event.wait(min(left, 0.05 if wall_seconds > 0.05 else left))
        self.check()
        return True

    def wall_now(self) -> float:
        """The wall's epoch seconds, which timestamps in a state machine's data are compared with."""
        return time.time()

    def in_thread(self, work: Callable[[], None]) -> None:
        """Do the work in a thread that acts for this account and region."""

        def scoped() -> None:
            with self.cloud.scope():
                work()

        threading.Thread(target=scoped, name=f"execution-{self.record['name'][:20]}", daemon=True).start()

    def remark(self, text: str) -> None:
        """Write to the cloud's own log."""
        _log.warning("%s: %s", self.record["executionArn"], text)

    def child(self, machine_arn: str, name: str, value: Any, map_run_arn: str) -> Execution:
        """A child execution of a Map Run, recorded beside this one and sharing its role and its end."""

        arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        record = new_record(arn, machine_arn, name, payload(value), self.machine["roleArn"])
        record["mapRunArn"] = map_run_arn
        stepfunctions.executions[arn] = record
        made = Execution(self.cloud, record, self.machine, self.calls, self._on_event)
        made._stopped = self._stopped
        return made

    # What a restart needs

    def keep_progress(self, name: str, value: Any, variables: dict[str, Any]) -> None:
        """Remember the state being entered: a restart or a redrive continues there."""
        self.record["progress"] = {
            "state": name,
            "input": copy.deepcopy(value),
            "variables": copy.deepcopy(variables),
        }

    def submitted(self, frame: Frame, what: str, name: str) -> None:
        """Remember the job or token that a state waits for, so that a restart waits for the same."""
        if frame.top:
            self.record["progress"][what] = name

    def resumed(self, what: str) -> str | None:
        """The job or token that was waited for before a restart; given once."""
        found: str | None = self._resumed.pop(what, None)
        return found

    @property
    def resumes_waiting(self) -> bool:
        """Whether the state goes on waiting for a job or token of before a restart."""
        return bool(self._resumed)

    def task_token(self) -> str:
        """A new task token, or the one that was handed out before a restart."""

        return str(self._resumed.get("token") or responses.new_uuid())

    # Its life

    def run(self, run_states: Callable[..., Any]) -> None:
        """Run to the end, from where a restart or redrive finds it."""
        definition = json.loads(self.machine["definition"])
        self._limit = definition.get("TimeoutSeconds")
        progress = copy.deepcopy(self.record.get("progress")) or {}
        self._resumed = {what: progress[what] for what in ("job", "token") if what in progress}
        value = progress["input"] if "state" in progress else json.loads(self.record["input"])
        frame = Frame(
            execution=self,
            language=definition.get("QueryLanguage", "JSONPath"),
            context=self.context(),
            variables=progress.get("variables", {}),
            previous=len(self.record["events"]),
            top=True,
            entered="state" in progress,
        )
        try:
            result = run_states(definition, value, frame, progress.get("state"))
        except StoppedError:
            return
        except ExecutionTimedOutError:
            self._end("TIMED_OUT", "ExecutionTimedOut", frame.previous)
        except StatesError as error:
            self.failed(error, frame.previous)
        except Exception as error:
            _log.exception("%s failed unexpectedly", self.record["executionArn"])
            self.failed(StatesError("States.Runtime", f"{type(error).__name__}: {error}"), frame.previous)
        else:
            self.succeeded(result, frame.previous)

    def succeeded(self, result: Any, previous: int) -> None:
        """End with an output."""
        self.record["output"] = payload(result)
        self._end("SUCCEEDED", "ExecutionSucceeded", previous, output=self.record["output"])
        for for_a_redrive in ("progress", "machine"):  # only now: a kill before the end needs both
            self.record.pop(for_a_redrive, None)

    def failed(self, error: StatesError, previous: int) -> None:
        """End with an error."""
        self.record["error"], self.record["cause"] = error.error, error.cause
        self._end("FAILED", "ExecutionFailed", previous, error=error.error or None, cause=error.cause or None)

    def abort(self, error: str | None, cause: str | None) -> None:
        """End because StopExecution asks for it."""
        self._stopped.set()
        self.record["error"], self.record["cause"] = error, cause
        self._end("ABORTED", "ExecutionAborted", len(self.record["events"]), error=error, cause=cause)

    def freeze(self) -> None:
        """Leave the record as it is: the cloud is stopping and a restart continues."""
        self._frozen = True
        self._stopped.set()

    def _end(self, status: str, kind: str, previous: int, **details: Any) -> None:
        if self._frozen:
            return
        self.history.add(kind, previous, f"{kind[0].lower()}{kind[1:]}EventDetails", **details)
        self.record["stopDate"] = responses.now_iso()
        self.record["status"] = status
        if "mapRunArn" not in self.record:
            stepfunctions.emit_execution_status_event(self.record)
        measures.record_end(self.cloud, self.record)

    def _elapsed(self) -> float:
        """Cloud seconds so far: waits count as long as they claim, work as long as it took."""
        return time.monotonic() - self._began + self._scaled

    def context(self) -> dict[str, Any]:
        """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html."""
        return {
            "Execution": {
                "Id": self.record["executionArn"],
                "Input": json.loads(self.record["input"]),
                "Name": self.record["name"],
                "RedriveCount": self.record.get("redriveCount", 0),
                "RoleArn": self.machine["roleArn"],
                "StartTime": self.record["startDate"],
            },
            "StateMachine": {
                "Id": self.machine["stateMachineArn"],
                "Name": self.machine["name"],
            },
        }


def new_record(arn: str, machine_arn: str, name: str, value: str, role_arn: str) -> dict[str, Any]:
    """The record of an execution that starts now, in the form that ministack's Describe and List read."""

    started = responses.now_iso()
    return {
        "executionArn": arn,
        "stateMachineArn": machine_arn,
        "name": name,
        "status": "RUNNING",
        "startDate": started,
        "stopDate": None,
        "input": value,
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": {"included": True},
        "testCase": "",
        "mockAttempts": {},
        "events": [
            {
                "id": 1,
                "type": "ExecutionStarted",
                "timestamp": started,
                "previousEventId": 0,
                "executionStartedEventDetails": {
                    "input": value,
                    "inputDetails": {"truncated": False},
                    "roleArn": role_arn,
                },
            }
        ],
    }
