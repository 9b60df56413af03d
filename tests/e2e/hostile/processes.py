"""What the processes below another one have in their environment, seen from outside."""

from __future__ import annotations

import threading
from types import TracebackType

import psutil

# What only a function, a training job and an endpoint's container have.
CONTAINERS = {
    "function": "AWS_LAMBDA_FUNCTION_NAME",
    "job": "TRAINING_JOB_NAME",
    "endpoint": "SAGEMAKER_BIND_TO_PORT",
}
EVERY_SECONDS = 0.05


class Watch:
    """Looks again and again while it is entered; `environments` are those of containers, each once."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._seen: set[tuple[int, float]] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.environments: list[dict[str, str]] = []

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def look(self) -> None:
        for child in self._process.children(recursive=True):
            try:
                environment = child.environ()
                identity = (child.pid, child.create_time())
            except psutil.Error:
                continue
            # A process that was just forked still has its parent's environment.
            if set(CONTAINERS.values()) & set(environment) and identity not in self._seen:
                self._seen.add(identity)
                self.environments.append(environment)

    def _run(self) -> None:
        while not self._done.wait(EVERY_SECONDS):
            self.look()
