"""Ends functions, training jobs and endpoint containers at the moment that the plan says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from localcloud.containers import container
from localcloud.containers.container import Container, ContainerSpec
from localcloud.faults.injector import Injector
from localcloud.ministack_adapter import lambda_svc

_FUNCTION = "lambda-"
_SAGEMAKER = {"train": "training", "serve": "endpoint"}
"""What SageMaker starts an image with tells what it is."""


class Reaper:
    """Knows the running containers, and kills those that it is told to."""

    def __init__(self, injector: Injector) -> None:
        self._injector = injector
        self._lock = threading.Lock()
        self._running: dict[int, tuple[str, str, Container]] = {}

    def started(self, spec: ContainerSpec, running: Container) -> None:
        """A container began: follow it, and kill it later if the plan says so."""
        target, name = identify(spec)
        with self._lock:
            self._running[running.pid] = (target, name, running)
        running.when_done(lambda: self._forget(running.pid))
        if target != "lambda":
            for seconds in self._injector.doom(target, name):
                _later(seconds, running.kill)

    def invoked(self, function: str) -> None:
        """A function is about to run: kill its processes later if the plan says so."""
        for seconds in self._injector.doom("lambda", function):
            _later(seconds, lambda: self.kill("lambda", function))

    def kill(self, target: str, name: str) -> int:
        """Kill what runs under this name (a shell pattern) now; how many that were."""
        doomed = [
            found for kind, called, found in self._snapshot() if kind == target and fnmatchcase(called, name)
        ]
        for found in doomed:
            found.kill()
        return len(doomed)

    def containers(self) -> list[dict[str, Any]]:
        """What runs now."""
        return [{"target": kind, "name": name, "pid": found.pid} for kind, name, found in self._snapshot()]

    def _snapshot(self) -> list[tuple[str, str, Container]]:
        with self._lock:
            return list(self._running.values())

    def _forget(self, pid: int) -> None:
        with self._lock:
            self._running.pop(pid, None)


def identify(spec: ContainerSpec) -> tuple[str, str]:
    """What a container is (lambda, training, endpoint) and its name without decoration."""
    if spec.name.startswith(_FUNCTION):
        return "lambda", spec.name.removeprefix(_FUNCTION)
    return _SAGEMAKER.get(next(iter(spec.arguments), ""), "other"), spec.name


def install(injector: Injector) -> Reaper:
    """Follow every container and every invocation."""

    reaper = Reaper(injector)
    container.observers.append(reaper.started)
    execute: Callable[..., Any] = lambda_svc.execute_function_dispatch

    def executing(function: dict[str, Any], config: dict[str, Any], *arguments: Any) -> Any:
        reaper.invoked(config["FunctionName"])
        return execute(function, config, *arguments)

    lambda_svc.execute_function_dispatch = executing
    return reaper


def _later(seconds: float, action: Callable[[], object]) -> None:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
