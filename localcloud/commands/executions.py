"""Follows the execution that an upload is about to start, whichever state machine runs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

START_SECONDS = 60.0
"""How long an execution may take to appear after the upload that starts it, in wall time."""
_SHOWN_CHARACTERS = 400


class Followed:
    """The first execution that is seen running; it is looked for until `START_SECONDS` have passed."""

    def __init__(self, states: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._states, self._clock = states, clock
        self._deadline = clock() + START_SECONDS
        self._arn = ""
        self._described: dict[str, Any] = {}

    def has_ended(self) -> bool:
        """Whether it ended, or none began in time."""
        if not self._arn:
            self._arn = self._running()
        if not self._arn:
            return self._clock() >= self._deadline
        self._described = self._states.describe_execution(executionArn=self._arn)
        return bool(self._described["status"] != "RUNNING")

    def told(self) -> str:
        """How it ended, in a sentence."""
        if not self._described:
            return f"no execution was running within {START_SECONDS:.0f} s: upload something first"
        error, cause = (str(self._described.get(key) or "") for key in ("error", "cause"))
        why = f" with {error}: {cause[:_SHOWN_CHARACTERS]}" if error else ""
        return f"execution {self._described['name']} {self._described['status']}{why}"

    def _running(self) -> str:
        machines = self._states.list_state_machines()["stateMachines"]
        for machine in machines:
            found = self._states.list_executions(
                stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING", maxResults=1
            )["executions"]
            if found:
                return str(found[0]["executionArn"])
        return ""
