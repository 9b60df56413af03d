"""What can end a state: an error with a cause, or the end of the whole execution.

Error names: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from collections.abc import Sequence

_NOT_CAUGHT_BY_ALL = frozenset({"States.DataLimitExceeded", "States.Runtime"})


class StatesError(Exception):
    """A state failed with an error name and a cause, which Retry and Catch may match."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class StoppedError(Exception):
    """The execution was stopped from outside; nothing catches this."""


class ExecutionTimedOutError(Exception):
    """The state machine's own TimeoutSeconds passed; nothing catches this."""


def matches(names: Sequence[str], error: str) -> bool:
    """Whether an ErrorEquals list matches an error name."""
    if error in names:
        return True
    if error == "States.HeartbeatTimeout" and "States.Timeout" in names:
        return True
    if error in _NOT_CAUGHT_BY_ALL:
        return False
    if "States.ALL" in names:
        return True
    return "States.TaskFailed" in names and error != "States.Timeout"
