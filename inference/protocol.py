"""HTTP/1.1 on one connection: httptools reads, the service answers, and both ends keep to their limits."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from http import HTTPStatus
from typing import Any

import httptools

from inference.errors import (
    BodyTooLargeError,
    HeadersTooLargeError,
    InferenceError,
    InvalidRequestError,
    RequestTimeoutError,
)
from inference.logs import log
from inference.service import Request, Response, Service, error_response
from inference.settings import ServerSettings

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: ".encode()
    for status in HTTPStatus
}
_KEEP, _CLOSE = "\r\n", "connection: close\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REQUEST_ID_HEADERS = (b"x-request-id", b"x-amzn-sagemaker-inference-id")
_MAX_REQUEST_ID_LENGTH = 128


class Connections:
    """The connections of one process, and the clock's hand that closes the slow ones."""

    def __init__(self, service: Service, settings: ServerSettings) -> None:
        self.service = service
        self.settings = settings
        self.open: set[HttpProtocol] = set()
        self.draining = False
        # Unlike any other process's, so a request is found in the logs of many instances.
        self._prefix = os.urandom(6).hex()
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        return f"{self._prefix}-{next(self._numbers)}"

    def protocol(self) -> HttpProtocol:
        return HttpProtocol(self)

    def sweep(self, now: float) -> None:
        """Close whoever has passed a deadline; called every second."""
        for connection in [c for c in self.open if now > c.deadline]:
            connection.expire()

    def drain(self) -> None:
        """Close idle connections now, and the others after the answer that they wait for."""
        self.draining = True
        for connection in list(self.open):
            connection.close_if_idle()


class HttpProtocol(asyncio.Protocol):
    """One connection. `deadline` (monotonic seconds) is when the peer has taken too long."""

    def __init__(self, connections: Connections) -> None:
        self._all = connections
        self._settings = connections.settings
        self._handle = connections.service.handle
        self._transport: Any = None
        self._parser: Any = None
        self._request = Request()
        self._body: list[bytes] = []
        self._body_bytes = self._header_bytes = 0
        self._out: list[bytes] = []
        self._busy = self._closing = False
        self.deadline = 0.0

    # --- the connection -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        self.deadline = time.monotonic() + self._settings.header_seconds
        if len(self._all.open) >= self._settings.max_connections:
            self._refuse(_BusyError("too many connections; try again later"))
            return
        self._all.open.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._all.open.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if not self._body_bytes:
            self._header_bytes += len(data)
        try:
            self._parser.feed_data(data)
            if self._header_bytes > self._settings.max_header_bytes and not self._body_bytes:
                raise HeadersTooLargeError(f"the headers exceed {self._settings.max_header_bytes} bytes")
        except InferenceError as error:
            self._refuse(error)
        except httptools.HttpParserUpgrade:
            self._refuse(InvalidRequestError("this server does not upgrade connections"))
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, InferenceError) else InvalidRequestError(str(error)))
        except httptools.HttpParserError as error:
            self._refuse(InvalidRequestError(f"this is not HTTP: {error}"))
        self._flush()

    def eof_received(self) -> bool:
        """A client that will send no more still gets what it asked for: close flushes."""
        return False

    def pause_writing(self) -> None:
        """The client reads slower than it asks: take no more requests from it until it has caught up."""
        self.deadline = time.monotonic() + self._settings.body_seconds
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.deadline = time.monotonic() + self._settings.idle_seconds
        self._transport.resume_reading()

    def expire(self) -> None:
        """The peer was too slow: say so where a request had begun, and close."""
        if self._busy and not self._closing:
            self._refuse(RequestTimeoutError("the request did not arrive in time"))
        self._transport.abort() if self._closing else self._transport.close()
        self._closing = True
        self.deadline = time.monotonic() + 1

    def close_if_idle(self) -> None:
        if not self._busy:
            self._transport.close()

    # --- httptools calls these ------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._request = Request()
        self._busy = True
        self._body.clear()
        self._body_bytes = 0
        self.deadline = time.monotonic() + self._settings.header_seconds

    def on_url(self, url: bytes) -> None:
        self._request.path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"content-type":
            self._request.content_type = value.decode("latin-1")
        elif name == b"accept":
            self._request.accept = value.decode("latin-1")
        elif name in _REQUEST_ID_HEADERS:
            self._request.request_id = _safe_id(value)
        elif name == b"content-length" and int(value) > self._settings.max_body_bytes:
            raise self._too_large()
        elif name == b"expect" and value.lower() == b"100-continue":
            self._out.append(_CONTINUE)

    def on_headers_complete(self) -> None:
        request = self._request
        request.method = self._parser.get_method().decode()
        request.path = request.path.partition("?")[0]
        self._header_bytes = 0
        self.deadline = time.monotonic() + self._settings.body_seconds

    def on_body(self, data: bytes) -> None:
        self._body_bytes += len(data)
        if self._body_bytes > self._settings.max_body_bytes:
            raise self._too_large()
        self._body.append(data)

    def on_message_complete(self) -> None:
        request = self._request
        request.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        request.request_id = request.request_id or self._all.new_id()
        self._busy = False
        self._header_bytes = self._body_bytes = 0
        keep = self._parser.should_keep_alive() and not self._all.draining
        self._answer(request, self._handle(request), keep)
        self.deadline = time.monotonic() + self._settings.idle_seconds

    # --- writing --------------------------------------------------------------------------------------------

    def _answer(self, request: Request, response: Response, keep: bool) -> None:
        body = response.body
        head = (
            f"{response.content_type}\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {request.request_id}\r\n{_KEEP if keep else _CLOSE}"
        )
        self._out += (_STATUS_LINES[response.status], head.encode("latin-1"))
        if request.method != "HEAD":
            self._out.append(body)
        self._closing = self._closing or not keep
        if response.status >= 400 or self._settings.log_requests:
            _log_request(request, response)

    def _refuse(self, error: InferenceError) -> None:
        """Answer with the error, and hang up: what follows on this connection cannot be understood."""
        request = self._request
        request.request_id = request.request_id or self._all.new_id()
        self._answer(request, error_response(error, request), keep=False)
        self._flush()

    def _flush(self) -> None:
        if self._out:
            self._transport.write(b"".join(self._out))
            self._out.clear()
        if self._closing:
            self._transport.close()

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(f"the body exceeds {self._settings.max_body_bytes} bytes")


class _BusyError(InferenceError):
    status = 503


def _safe_id(value: bytes) -> str:
    """A client's id, as it goes into a header and a log line again."""
    return "".join(
        c for c in value.decode("latin-1")[:_MAX_REQUEST_ID_LENGTH] if c.isalnum() or c in "-_.:=+/"
    )


def _log_request(request: Request, response: Response) -> None:
    log(
        "request",
        request_id=request.request_id,
        method=request.method,
        path=request.path[:200],
        status=response.status,
        bytes_in=len(request.body),
        **({"reason": response.body.decode("utf-8", "replace")[:500]} if response.status >= 400 else {}),
    )
