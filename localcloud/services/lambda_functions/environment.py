"""One execution environment: a process that has loaded the handler and serves one event at a time."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

from localcloud.containers import container
from localcloud.host.cloud import Cloud
from localcloud.iam.sessions import close_session
from localcloud.processes import load, usage
from localcloud.services.lambda_functions import package
from localcloud.services.lambda_functions.logs import FunctionLog
from localcloud.services.lambda_functions.runtime_api import Invocation, Outcome, RuntimeApi

_INIT_SECONDS = 10.0
_SETTLE_SECONDS = 5.0
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Result:
    """What an invocation returned: `failure` None, or the error document that the caller gets."""

    body: Any = None
    failure: dict[str, Any] | None = None
    reusable: bool = True


class Environment:
    """Starts on construction; dead once a result says that it is not reusable."""

    def __init__(self, cloud: Cloud, function: dict[str, Any], log: FunctionLog) -> None:
        self._config = function["config"]
        self.log = log
        self.idle_since = time.monotonic()
        self._began = time.monotonic()
        self._api = RuntimeApi()
        self._init_milliseconds: float | None = None
        self._lines: list[str] = []
        self._lock = threading.Lock()
        try:
            spec = self._spec(cloud, package.image_of(cloud, function))
            self._access_key_id = spec.env["AWS_ACCESS_KEY_ID"]
            self._container = container.start(
                spec,
                self._line,
                work_dir=cloud.state_dir / "functions" / "work",
                spawn=cloud.processes.spawn,
            )
        except BaseException:
            self._api.close()
            raise
        self._container.when_done(self._api.exited)

    def _spec(self, cloud: Cloud, image: Any) -> container.ContainerSpec:
        overrides = ((self._config.get("ImageConfigResponse") or {}).get("ImageConfig")) or {}
        return container.ContainerSpec(
            image=image,
            name=f"lambda-{self._config['FunctionName']}",
            arguments=overrides.get("Command") or (),
            command=overrides.get("EntryPoint") or None,
            env=package.environment(
                cloud,
                self._config,
                runtime_api=self._api.address,
                log_group=self.log.group,
                log_stream=self.log.stream,
            ),
            memory_bytes=int(self._config.get("MemorySize", 128)) * _MEGABYTE,
            read_only=True,
            tmp_bytes=int((self._config.get("EphemeralStorage") or {}).get("Size", 512)) * _MEGABYTE,
        )

    def invoke(self, request_id: str, event: Any, trace_id: str | None) -> Result:
        """Run the handler on one event within the function's time and memory."""
        with self._lock:
            self._lines.clear()
        self.log.start(request_id)
        started = time.monotonic()
        result = self._run(request_id, event, trace_id)
        self._container.settle(_SETTLE_SECONDS)  # what was printed travels by another way than the response
        self.log.end(
            request_id,
            duration_ms=(time.monotonic() - started) * 1000,
            init_ms=self._init_milliseconds,
            max_memory_mb=usage.peak_bytes(self._container.pid) // _MEGABYTE,
            failure=result.failure,
        )
        self._init_milliseconds = None
        self.idle_since = time.monotonic()
        return result

    def tail(self) -> str:
        """The lines that the last invocation wrote."""
        with self._lock:
            return "\n".join(self._lines)

    def stop(self) -> None:
        """End the process and its API; safe to repeat."""
        self._container.kill()
        self._api.close()
        close_session(self._access_key_id)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._container.running

    def _run(self, request_id: str, event: Any, trace_id: str | None) -> Result:
        timeout = float(self._config.get("Timeout", 3))
        failed_init = self._await_ready(request_id, timeout)
        if failed_init is not None:
            return failed_init
        allowed = timeout * load.factor()  # a busy machine's function has its share of it for longer
        self._api.submit(
            Invocation(
                request_id=request_id,
                payload=json.dumps(event).encode(),
                deadline_ms=int((time.time() + allowed) * 1000),
                function_arn=self._config.get("FunctionArn", ""),
                trace_id=trace_id,
            )
        )
        outcome = self._api.next_outcome(allowed)
        if outcome is None:
            return self._timed_out(request_id, timeout)
        if outcome.kind == "response":
            return Result(body=outcome.body)
        if outcome.kind == "error":
            return Result(failure=outcome.body)
        if outcome.kind == "too large":
            return Result(failure=outcome.body, reusable=False)
        return self._exited(request_id)

    def _await_ready(self, request_id: str, timeout: float) -> Result | None:
        """Let a cold start finish: 10 s, then once more within the function's own time, as Lambda does."""
        if self._began == 0.0:
            return None
        init = _INIT_SECONDS * load.factor()  # other processes' load is not the function's fault
        outcome = self._api.next_outcome(init) or self._api.next_outcome(timeout)
        if outcome is None:
            return self._timed_out(request_id, timeout)
        if outcome.kind == "ready":
            self._init_milliseconds = (time.monotonic() - self._began) * 1000
            self._began = 0.0
            return None
        return self._failed_init(request_id, outcome)

    def _failed_init(self, request_id: str, outcome: Outcome) -> Result:
        if outcome.kind == "init":
            return Result(failure=outcome.body, reusable=False)
        return self._exited(request_id)

    def _timed_out(self, request_id: str, timeout: float) -> Result:
        self._container.kill()
        text = f"Task timed out after {timeout:.2f} seconds"
        self.log.note(f"{_now()} {request_id} {text}")
        return _broken("Sandbox.Timedout", f"RequestId: {request_id} Error: {text}")

    def _exited(self, request_id: str) -> Result:
        self._container.wait(5)
        code = self._container.exit_code
        if self._container.out_of_memory or code == 137:
            reason = "Runtime exited with error: signal: killed"
        elif code:
            reason = f"Runtime exited with error: exit status {code}"
        else:
            reason = "Runtime exited without providing a reason"
        self.log.note(f"RequestId: {request_id} Error: {reason}\nRuntime.ExitError")
        return _broken("Runtime.ExitError", f"RequestId: {request_id} Error: {reason}")

    def _line(self, line: str) -> None:
        with self._lock:
            self._lines.append(line)
        self.log.line(line)


def _broken(error_type: str, message: str) -> Result:
    return Result(failure={"errorType": error_type, "errorMessage": message}, reusable=False)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
