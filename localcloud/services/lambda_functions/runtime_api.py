"""The Lambda Runtime API of one execution environment, which AWS's runtime interface client polls.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from localcloud.services.lambda_functions.payloads import response_failure

_RESULT = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)$")
_NEXT = "/2018-06-01/runtime/invocation/next"
_INIT_ERROR = "/2018-06-01/runtime/init/error"


@dataclass(frozen=True)
class Invocation:
    """One event on its way to the handler."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str | None


@dataclass(frozen=True)
class Outcome:
    """How an invocation, or the start before it, ended: ready, response, error, too large, init or exit."""

    kind: str
    body: Any = None


class RuntimeApi:
    """Serves one environment on loopback; what happens to it arrives, in order, from `next_outcome`."""

    def __init__(self) -> None:
        self._invocations: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._current: str | None = None
        self._ready = False
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="runtime-api", daemon=True
        ).start()

    @property
    def address(self) -> str:
        """HOST:PORT, as AWS_LAMBDA_RUNTIME_API gives it."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def submit(self, invocation: Invocation) -> None:
        """Hand the next event to the environment."""
        self._current = invocation.request_id
        self._invocations.put(invocation)

    def next_outcome(self, timeout_seconds: float) -> Outcome | None:
        """What happened next, or None when nothing did in time."""
        try:
            return self._outcomes.get(timeout=max(0.0, timeout_seconds))
        except queue.Empty:
            return None

    def exited(self) -> None:
        """Tell whoever waits that the process is gone."""
        self._outcomes.put(Outcome("exit"))

    def close(self) -> None:
        """Stop serving; a poll that waits is answered."""
        self._invocations.put(None)
        self._server.shutdown()
        self._server.server_close()

    def poll(self) -> Invocation | None:
        """The next event for the runtime, or None when the environment is closed."""
        if not self._ready:
            self._ready = True
            self._outcomes.put(Outcome("ready"))
        return self._invocations.get()

    def report(self, request_id: str, kind: str, body: Any) -> bool:
        """Take the result of the event in flight; False when it is another one's."""
        if request_id != self._current:
            return False
        self._current = None
        self._outcomes.put(Outcome(kind, body))
        return True

    def report_init_error(self, body: Any) -> None:
        """The runtime could not load the handler."""
        self._outcomes.put(Outcome("init", body))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that a killed environment left: its end is told by the process."""


def _handler(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one segment: two would wait for a delayed acknowledgement
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the function's own log has what matters."""

        def do_GET(self) -> None:
            invocation = api.poll() if self.path == _NEXT else None
            if invocation is None:
                return self._answer(410 if self.path == _NEXT else 404)
            headers = {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Content-Type": "application/json",
            }
            if invocation.trace_id:
                headers["Lambda-Runtime-Trace-Id"] = invocation.trace_id
            return self._answer(200, invocation.payload, headers)

        def do_POST(self) -> None:
            raw = self._body()
            match = _RESULT.match(self.path)
            too_much = response_failure(len(raw)) if match and match[2] == "response" else None
            if match and too_much:
                # Lambda's answer; the runtime client ends over it.
                api.report(match[1], "too large", too_much)
                return self._answer(413, json.dumps(too_much).encode())
            body = json.loads(raw or b"null")
            if self.path == _INIT_ERROR:
                api.report_init_error(body)
                return self._answer(202)
            if match and api.report(match[1], match[2], body):
                return self._answer(202)
            refusal = {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"}
            return self._answer(400 if match else 404, json.dumps(refusal).encode())

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)

        def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

    return Handler
