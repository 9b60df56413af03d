"""An execution that calls nothing: answers are given, waits pass at once, events are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from localcloud.services.stepfunctions.errors import StatesError
from localcloud.services.stepfunctions.execution.frame import Frame
from localcloud.services.stepfunctions.execution.history import Event, History
from localcloud.services.stepfunctions.execution.machine import run_states

FUNCTION = "arn:aws:states:::lambda:invoke"


class FakeCalls:
    """Answers each invocation by the function given; an exception given is raised."""

    def __init__(self, answer: Callable[[str, Any], Any]) -> None:
        self._answer = answer

    def invoke(self, function: str, event: Any, extra: Any = None) -> dict[str, Any]:
        return {"StatusCode": 200, "Payload": self._answer(function, event)}


class FakeExecution:
    """Stands in for localcloud.services.stepfunctions.execution.execution.Execution."""

    def __init__(self, answer: Callable[[str, Any], Any] = lambda function, event: event) -> None:
        self.events: list[Event] = []
        self.history = History(self.events, lambda event: None)
        self.calls = FakeCalls(answer)
        self.cloud = SimpleNamespace(region="us-east-1", account="111122223333")
        self.paused: list[float] = []
        self.progress: list[str] = []

    resumes_waiting = False

    def check(self) -> None:
        return None

    def pause(self, cloud_seconds: float) -> None:
        self.paused.append(cloud_seconds)

    def wait(self, event: threading.Event, wall_seconds: float) -> bool:
        return event.wait(wall_seconds)

    def wall_now(self) -> float:
        return 1_800_000_000.0

    def in_thread(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()

    def keep_progress(self, name: str, value: Any, variables: dict[str, Any]) -> None:
        self.progress.append(name)

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]


def run(states: dict[str, Any], value: Any = None, execution: FakeExecution | None = None, **top: Any) -> Any:
    """The output of a JSONata machine that starts at its first state."""
    made = execution or FakeExecution()
    frame = Frame(
        execution=made,  # type: ignore[arg-type]
        language="JSONata",
        context={"Execution": {"Id": "arn", "Name": "run-1"}},
        top=True,
    )
    return run_states({"StartAt": next(iter(states)), "States": states, **top}, value or {}, frame)


def failing(error: str, cause: str = "") -> Callable[[str, Any], Any]:
    """An answer that always fails."""

    def answer(function: str, event: Any) -> Any:
        raise StatesError(error, cause)

    return answer


def task(**more: Any) -> dict[str, Any]:
    """A Lambda task on the state's whole input."""
    arguments = {"FunctionName": "work", "Payload": "{% $states.input %}"}
    return {"Type": "Task", "Resource": FUNCTION, "Arguments": arguments, **more}
