"""HTTP/1.1 on one connection: httptools reads, the service answers, and both ends keep to their limits."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import Any

import httptools

from inference.errors import (
    BodyTooLargeError,
    BusyError,
    HeadersTooLargeError,
    InferenceError,
    InvalidRequestError,
    RequestTimeoutError,
)
from inference.http import headers
from inference.http.connections import Connections
from inference.http.known_heads import KnownHead
from inference.http.logs import log_request
from inference.http.messages import Request, Response
from inference.http.service import error_response

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: " for status in HTTPStatus
}
_BAD_REQUEST = HTTPStatus.BAD_REQUEST.value  # looking an enumeration up costs as much as all else in a line
_KEEP, _CLOSE = "\r\n", "connection: close\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# How long a refused client may go on sending before it is cut off: hanging up at once would lose the refusal.
_LINGER_SECONDS = 2.0


class HttpProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, connections: Connections) -> None:
        self._all = connections
        self._settings = connections.settings
        self._handle = connections.service.handle
        self._transport: Any = None
        self._parser: Any = None
        self._request = Request()
        self._body: list[bytes] = []
        self._body_bytes = self._header_bytes = self._held_bytes = 0
        self._out: list[bytes] = []
        self._busy = self._closing = self._refused = self._is_plain = False
        # The data being parsed where a request begins with them, and the end of that request's head in them.
        self._parsing = (b"", 0)
        self.deadline = 0.0

    # --- the connection -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        self.deadline = time.monotonic() + self._settings.header_seconds
        try:
            self._all.add(self)
        except BusyError as error:
            self._refuse(error)
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._drop_body()
        self._all.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if not self._busy:
            data = self._answer_known(data)
            if not data or self._closing:
                self._flush()
                return
        if not self._body_bytes:
            self._header_bytes += len(data)
        try:
            self._parser.feed_data(self._plain(data))
            self._hold_what_waits()
        except InferenceError as error:
            self._refuse(error)
        except httptools.HttpParserUpgrade:
            self._refuse(InvalidRequestError("this server does not change protocols"))
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, InferenceError) else InvalidRequestError(str(error)))
        except httptools.HttpParserError as error:
            self._refuse(InvalidRequestError(f"this is not HTTP: {error}"))
        self._flush()

    def _plain(self, data: bytes) -> bytes:
        return headers.without_upgrade(data) if b"pgrade" in data and not self._body_bytes else data

    def _answer_known(self, data: bytes) -> bytes:
        """Answer whole requests whose heads are known, and give back what must be parsed."""
        at = 0
        self._parsing = (b"", 0)
        while not self._closing and (end := data.find(headers.HEAD_END, at)) >= 0:
            body_at = end + len(headers.HEAD_END)
            head = self._all.heads.get(data[at:body_at])
            if head is None or len(data) < body_at + head.body_bytes:
                self._parsing = (data[at:], body_at - at) if head is None else (b"", 0)
                break
            method, path, content_type, accept, length = head
            at = body_at + length
            request = self._request = Request(
                method, path, content_type, accept, self._all.new_request_id(), data[body_at:at]
            )
            self._answer(request, self._handle(request), keep=not self._all.draining)
        if at:
            self.deadline = time.monotonic() + self._settings.idle_seconds
        return data[at:] if at else data

    def _remember_head(self, request: Request) -> None:
        """Of a plain request that came in one piece, and so lies in the data just as it was understood."""
        data, body_at = self._parsing
        if self._is_plain and body_at and data[body_at : body_at + len(request.body)] == request.body:
            self._all.heads.add(
                data[:body_at],
                KnownHead(
                    request.method, request.path, request.content_type, request.accept, len(request.body)
                ),
            )
        self._parsing = (b"", 0)

    def eof_received(self) -> bool:
        """A client that will send no more still gets what it asked for: closing flushes."""
        return False

    def pause_writing(self) -> None:
        """The client reads slower than it asks: take no more requests from it until it has caught up."""
        self.deadline = time.monotonic() + self._settings.body_seconds
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.deadline = time.monotonic() + self._settings.idle_seconds
        self._transport.resume_reading()

    def expire(self) -> None:
        """The peer was too slow: say so where a request had begun, and in the end hang up."""
        if self._busy and not self._closing:
            self._refuse(RequestTimeoutError("the request did not arrive in time"))
        else:
            self._transport.abort()

    def close_if_idle(self) -> None:
        if not self._busy:
            self._transport.close()

    # --- httptools calls these ------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._request = Request()
        self._busy = self._is_plain = True
        self.deadline = time.monotonic() + self._settings.header_seconds

    def on_url(self, url: bytes) -> None:
        self._request.path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"content-type":
            self._request.content_type = value.decode("latin-1")
        elif name == b"accept":
            self._request.accept = value.decode("latin-1")
        elif name == b"content-length":
            if int(value) > self._settings.max_body_bytes:
                raise self._too_large()
        elif name in headers.SPECIAL:
            self._note_special(name, value)

    def _note_special(self, name: bytes, value: bytes) -> None:
        """Headers that make a head one of its kind."""
        self._is_plain = False
        if name == b"expect":
            if value.lower() == b"100-continue":
                self._out.append(_CONTINUE)
        elif name in headers.REQUEST_IDS:
            self._request.request_id = headers.request_id(value)
        elif name == headers.JSON_LENGTH:
            self._request.json_length = headers.json_length(value)

    def on_headers_complete(self) -> None:
        request = self._request
        request.method = self._parser.get_method().decode()
        request.path = request.path.partition("?")[0]
        self._header_bytes = 0
        self.deadline = time.monotonic() + self._settings.body_seconds

    def on_body(self, data: bytes) -> None:
        self._body_bytes += len(data)
        self._body.append(data)
        if self._body_bytes > self._settings.max_body_bytes:
            raise self._too_large()

    def on_message_complete(self) -> None:
        request = self._request
        request.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        request.request_id = request.request_id or self._all.new_request_id()
        self._drop_body()
        self._busy = False
        self._header_bytes = 0
        keep = self._parser.should_keep_alive() and not self._all.draining
        if keep:
            self._remember_head(request)
        self._answer(request, self._handle(request), keep)
        self.deadline = time.monotonic() + self._settings.idle_seconds

    def _hold_what_waits(self) -> None:
        """Account for a request that needs more data before it can be answered."""
        if self._body_bytes > self._held_bytes:
            self._all.hold(self._body_bytes - self._held_bytes)
            self._held_bytes = self._body_bytes
        elif self._header_bytes > self._settings.max_header_bytes:
            raise HeadersTooLargeError(f"the headers exceed {self._settings.max_header_bytes} bytes")

    def _drop_body(self) -> None:
        self._all.release(self._held_bytes)
        self._body.clear()
        self._body_bytes = self._held_bytes = 0

    # --- writing --------------------------------------------------------------------------------------------

    def _answer(self, request: Request, response: Response, keep: bool) -> None:
        status, content_type, body, more = response
        head = (
            f"{_STATUS_LINES[status]}{content_type}\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {request.request_id}\r\n{more}{_KEEP if keep else _CLOSE}"
        )
        self._out.append(head.encode("latin-1"))
        if request.method != "HEAD":
            self._out.append(body)
        if not keep:
            self._closing = True
        if status >= _BAD_REQUEST or self._settings.log_requests:
            log_request(request, response)

    def _refuse(self, error: InferenceError) -> None:
        """Answer with the error, and hang up: what follows on this connection cannot be understood."""
        request = self._request
        request.request_id = request.request_id or self._all.new_request_id()
        self._refused = True
        self._drop_body()
        self._answer(request, error_response(error, request), keep=False)
        self._flush()

    def _flush(self) -> None:
        if self._out:
            self._transport.write(b"".join(self._out))
            self._out.clear()
            if self._refused and self._transport.can_write_eof():
                self._transport.write_eof()
                self.deadline = time.monotonic() + _LINGER_SECONDS
            elif self._closing:
                self._transport.close()

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(f"the body exceeds {self._settings.max_body_bytes} bytes")
