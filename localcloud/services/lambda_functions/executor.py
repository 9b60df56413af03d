"""Runs invocations: takes a warm environment of the function or starts one, and gives it back."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
from typing import Any

from localcloud.containers.container import ContainerError
from localcloud.host.cloud import Cloud
from localcloud.iam.sessions import RoleNotAssumableError
from localcloud.ministack_adapter import lambda_svc
from localcloud.processes.children import StoppingError
from localcloud.services.lambda_functions.environment import Environment, Result
from localcloud.services.lambda_functions.logs import FunctionLog
from localcloud.services.lambda_functions.package import PackageError

_log = logging.getLogger("localcloud.services.lambda_functions")
_IDLE_SECONDS = 300.0
_REAP_EVERY_SECONDS = 30.0
_CONCURRENCY = max(8, 4 * (os.cpu_count() or 1))
"""Invocations at once; the others wait their turn, for this machine has not AWS's thousand."""


class Executor:
    """The environments of every function; concurrent invocations get separate ones, as on AWS."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._idle: dict[str, list[tuple[str, Environment]]] = {}
        self._busy: set[Environment] = set()
        self._slots = threading.BoundedSemaphore(_CONCURRENCY)
        self._stopping = threading.Event()
        threading.Thread(target=self._reap, name="idle-functions", daemon=True).start()

    def execute(
        self, function: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
    ) -> dict[str, Any]:
        """Stand in for ministack's choice of executor: the same arguments, the same result."""
        record = {**function, "config": config}
        with self._slots:
            return self._execute(record, event, request_id)

    def _execute(self, record: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        config = record["config"]
        try:
            environment = self._take(record)
        except (PackageError, ContainerError, RoleNotAssumableError, StoppingError) as error:
            _log.warning("%s cannot start: %s", config["FunctionName"], error)
            kind = getattr(error, "error_type", "Runtime.InvalidEntrypoint")
            return {
                "error": True,
                "body": {"errorType": kind, "errorMessage": f"RequestId: {request_id} {error}"},
            }
        try:
            result = environment.invoke(request_id, event, lambda_svc.xray_trace_id_for_invocation(config))
        except BaseException:
            self._discard(environment)
            raise
        self._give_back(record, environment, result)
        return _answer(environment, result)

    def invalidate(
        self, name: str, qualifier: str | None = None, account: str | None = None, region: str | None = None
    ) -> None:
        """End the idle environments of a function that changed or is gone."""
        with self._lock:
            doomed = self._idle.pop(name, [])
        for _, environment in doomed:
            environment.stop()

    def stop(self) -> None:
        """End every environment."""
        self._stopping.set()
        with self._lock:
            doomed = [environment for entries in self._idle.values() for _, environment in entries]
            doomed += self._busy
            self._idle.clear()
        for environment in doomed:
            environment.stop()

    def _take(self, record: dict[str, Any]) -> Environment:
        config = record["config"]
        wanted = _fingerprint(record)
        stale: list[Environment] = []
        found: Environment | None = None
        with self._lock:
            entries = self._idle.setdefault(config["FunctionName"], [])
            while entries and found is None:
                fingerprint, environment = entries.pop()
                if fingerprint == wanted and environment.alive:
                    found = environment
                else:
                    stale.append(environment)
            if found is not None:
                self._busy.add(found)
        for environment in stale:
            environment.stop()
        if found is not None:
            return found
        started = Environment(self._cloud, record, FunctionLog(self._cloud, config))
        with self._lock:
            self._busy.add(started)
        return started

    def _give_back(self, record: dict[str, Any], environment: Environment, result: Result) -> None:
        if not result.reusable:
            self._discard(environment)
            return
        with self._lock:
            self._busy.discard(environment)
            entry = (_fingerprint(record), environment)
            self._idle.setdefault(record["config"]["FunctionName"], []).append(entry)

    def _reap(self) -> None:
        """End environments that were idle for long: each is a process that holds memory."""
        while not self._stopping.wait(_REAP_EVERY_SECONDS):
            limit = time.monotonic() - _IDLE_SECONDS
            with self._lock:
                doomed = []
                for entries in self._idle.values():
                    doomed += [entry for entry in entries if entry[1].idle_since < limit]
                    entries[:] = [entry for entry in entries if entry[1].idle_since >= limit]
            for _, environment in doomed:
                environment.stop()

    def _discard(self, environment: Environment) -> None:
        with self._lock:
            self._busy.discard(environment)
        environment.stop()


def _answer(environment: Environment, result: Result) -> dict[str, Any]:
    if result.failure is not None:
        return {"error": True, "body": result.failure, "log": environment.tail()}
    return {"body": result.body, "log": environment.tail()}


def _fingerprint(record: dict[str, Any]) -> str:
    """What an environment is bound to: the code and every setting that its process was given."""
    config = record["config"]
    names = (
        "Version",
        "FunctionArn",
        "Timeout",
        "LoggingConfig",
        "Handler",
        "Role",
        "Environment",
        "MemorySize",
        "ImageUri",
        "ImageConfigResponse",
        "CodeSha256",
    )
    settings = json.dumps([config.get(name) for name in names], sort_keys=True, default=str)
    return hashlib.sha256(settings.encode()).hexdigest()
