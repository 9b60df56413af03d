"""The executions of this cloud: started, stopped, continued after a restart, redriven."""

from __future__ import annotations

import copy
import logging
import threading
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.iam.sessions import RoleNotAssumableError
from localcloud.ministack_adapter import stepfunctions
from localcloud.services.stepfunctions import roles
from localcloud.services.stepfunctions.calls import Calls
from localcloud.services.stepfunctions.errors import StatesError
from localcloud.services.stepfunctions.execution import log
from localcloud.services.stepfunctions.execution.execution import Execution
from localcloud.services.stepfunctions.execution.machine import run_states

_log = logging.getLogger("localcloud.services.stepfunctions")


class Engine:
    """Runs executions, each in a thread of its own; their records live in ministack's store."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._lock = threading.Lock()
        self._running: dict[str, Execution] = {}
        self._calls: dict[tuple[str, str], Calls] = {}

    def start(self, record: dict[str, Any], machine: dict[str, Any]) -> None:
        """Run a recorded execution in the background, from its start or from its kept progress."""
        record["machine"] = copy.deepcopy(machine)
        execution = self._execution(record)
        if execution is not None:
            execution.in_thread(lambda: self._run(execution))

    def run(self, record: dict[str, Any], machine: dict[str, Any]) -> None:
        """Run a recorded execution here until it ends: StartSyncExecution."""
        record["machine"] = copy.deepcopy(machine)
        execution = self._execution(record)
        if execution is not None:
            self._run(execution)

    def stop(self, record: dict[str, Any], error: str | None, cause: str | None) -> None:
        """Abort a running execution."""
        with self._lock:
            execution = self._running.get(record["executionArn"])
        if execution is None:
            execution = self._execution(record, quiet=True)
        if execution is not None:
            execution.abort(error, cause)

    def resume(self) -> None:
        """Continue every execution that was running when the cloud last ended."""

        for record in list(stepfunctions.executions.all_values()):
            # Killed between recording and starting it, or while it was ending, a record lacks its machine.
            with self.cloud.scope():
                machine = record.get("machine") or stepfunctions.state_machines.get(record["stateMachineArn"])
            if record["status"] == "RUNNING" and "mapRunArn" not in record and machine is not None:
                _log.info("%s continues", record["executionArn"])
                self.start(record, machine)

    def freeze(self) -> None:
        """Stop every thread and leave the records as they are, for a restart."""
        with self._lock:
            running = list(self._running.values())
        for execution in running:
            execution.freeze()

    def _execution(self, record: dict[str, Any], quiet: bool = False) -> Execution | None:
        machine = record["machine"]
        on_event = log.logger(self.cloud, machine, record)
        if len(record["events"]) == 1:
            on_event(record["events"][0])
        try:
            calls = self.calls_of(machine["roleArn"], machine["stateMachineArn"])
        except RoleNotAssumableError as error:
            if not quiet:
                stillborn = Execution(self.cloud, record, machine, None, on_event)  # type: ignore[arg-type]
                stillborn.failed(StatesError("States.Runtime", str(error)), 1)
            return None
        return Execution(self.cloud, record, machine, calls, on_event)

    def _run(self, execution: Execution) -> None:
        arn = execution.record["executionArn"]
        with self._lock:
            self._running[arn] = execution
        try:
            execution.run(run_states)
        finally:
            with self._lock:
                self._running.pop(arn, None)

    def calls_of(self, role_arn: str, machine_arn: str) -> Calls:
        """One session per role and machine; policies are looked up at each call: a change counts at once."""
        key = (role_arn, machine_arn)
        session = roles.assume(self.cloud, *key) if key not in self._calls else None
        with self._lock:
            if key not in self._calls and session is not None:
                self._calls[key] = Calls(self.cloud, session)
            return self._calls[key]
