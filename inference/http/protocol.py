"""HTTP/1.1 on one connection: the reader reads, the service answers, and both ends keep to their limits."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import Any

from inference.errors import BusyError, InferenceError, RequestTimeoutError
from inference.http import headers
from inference.http.connections import Connections
from inference.http.known_heads import KnownHead
from inference.http.logs import log_request
from inference.http.messages import Request, Response
from inference.http.reader import RequestReader
from inference.http.service import error_response

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: " for status in HTTPStatus
}
_BAD_REQUEST = HTTPStatus.BAD_REQUEST.value  # looking an enumeration up costs as much as all else in a line
_KEEP, _CLOSE = "\r\n", "connection: close\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# How long a refused client may go on sending before it is cut off: hanging up at once would lose the refusal.
_LINGER_SECONDS = 2.0
# How much a client may leave unread before it is answered no more: what a transport by itself calls too much.
_UNREAD_BYTES = 1 << 16
# Parts of answers that are written before it is asked how much of them was taken, and where a read may hold
# more requests than that, how many bytes of it are parsed together.
_TOGETHER, _SLICE_BYTES = 64, 4096


class HttpProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, connections: Connections) -> None:
        self._all = connections
        self._settings = connections.settings
        self._handle = connections.service.handle
        self._transport: Any = None
        self._reader = RequestReader(self._settings, self._go_on, self._read)
        self._held_bytes = self._unread_bytes = 0
        self._phase = self._reader.phase
        self._waiting = b""  # what has come from a client that leaves its answers unread
        self._out: list[bytes] = []
        self._closing = self._refused = False
        # The data being parsed where a request begins with them, and the end of that request's head in them.
        self._parsing = (b"", 0)
        self.deadline = 0.0

    # --- the connection -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.deadline = time.monotonic() + self._settings.header_seconds
        try:
            self._all.add(self)
        except BusyError as error:
            self._refuse(error)
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._waiting = b""
        self._hold(0)
        self._release_unread()
        self._all.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._waiting:  # it had been read when reading was paused
            self._waiting += data
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        """Answer what has come, as long as the answers are taken."""
        while data and not self._closing:
            if not self._reader.busy:
                data = self._answer_known(data)
            if data and not self._closing and len(self._out) < _TOGETHER:
                data = self._parse(data)
            self._flush()
            if data and not self._closing and self._transport.get_write_buffer_size() > _UNREAD_BYTES:
                self._waiting = data
                self._transport.pause_reading()
                asyncio.get_running_loop().call_soon(self._take_waiting)
                return

    def _take_waiting(self) -> None:
        """Go on where the client has read what it was told, which the transport may still be writing."""
        if not self._waiting or self._unread_bytes:
            return
        if self._transport.get_write_buffer_size() > _UNREAD_BYTES:
            asyncio.get_running_loop().call_soon(self._take_waiting)
            return
        data, self._waiting = self._waiting, b""
        self._transport.resume_reading()
        self._take(data)

    def _parse(self, data: bytes) -> bytes:
        """Read on, and give back what was left for later."""
        most = len(data)
        if most > _SLICE_BYTES and data.count(headers.HEAD_END) > _TOGETHER:
            most = _SLICE_BYTES
        try:
            self._reader.feed(data[:most])
            if self._reader.busy:
                self._wait_on()
        except InferenceError as error:
            if not self._closing:
                self._refuse(error)
        self._parsing = (b"", 0)
        return data[most:]

    def _answer_known(self, data: bytes) -> bytes:
        """Answer whole requests whose heads are known, and give back what must be parsed."""
        at = 0
        self._parsing = (b"", 0)
        while (
            not self._closing and len(self._out) < _TOGETHER and (end := data.find(headers.HEAD_END, at)) >= 0
        ):
            body_at = end + len(headers.HEAD_END)
            head = self._all.heads.get(data[at:body_at])
            if head is None or len(data) < body_at + head.body_bytes:
                self._parsing = (data[at:], body_at - at) if head is None else (b"", 0)
                break
            method, path, content_type, accept, length = head
            at = body_at + length
            request = Request(
                method, path, content_type, accept, self._all.new_request_id(), data[body_at:at]
            )
            self._answer(request, self._handle(request), keep=not self._all.draining)
        if at:
            self.deadline = time.monotonic() + self._settings.idle_seconds
        return data[at:] if at else data

    def _remember_head(self, request: Request, body_bytes: int) -> None:
        """Of a plain request that came in one piece, and so lies in the data just as it was understood."""
        data, body_at = self._parsing
        # Line ends before a request are passed over (RFC 9112, 2.2), and would be taken for a whole head.
        if body_at and data[:1].isalpha() and len(data) >= body_at + body_bytes:
            self._all.heads.add(
                data[:body_at],
                KnownHead(request.method, request.path, request.content_type, request.accept, body_bytes),
            )

    def eof_received(self) -> bool:
        """A client that will send no more still gets what it asked for: closing flushes."""
        return False

    def pause_writing(self) -> None:
        """The client reads slower than it asks: take no more requests from it until it has caught up. What it
        leaves unread is held, too."""
        self.deadline = time.monotonic() + self._settings.body_seconds
        self._transport.pause_reading()
        unread = self._transport.get_write_buffer_size()
        try:
            self._all.hold(unread)
        except BusyError:
            self._transport.abort()
            return
        self._unread_bytes = unread

    def resume_writing(self) -> None:
        self.deadline = time.monotonic() + self._settings.idle_seconds
        self._release_unread()
        self._transport.resume_reading()
        self._take_waiting()

    def _release_unread(self) -> None:
        self._all.release(self._unread_bytes)
        self._unread_bytes = 0

    def expire(self) -> None:
        """The peer was too slow: say so where a request had begun, and in the end hang up."""
        if self._reader.busy and not self._closing:
            self._refuse(RequestTimeoutError("the request did not arrive in time"))
        else:
            self._transport.abort()

    def close_if_idle(self) -> None:
        if not self._reader.busy and not self._waiting:
            self._transport.close()

    # --- the reader calls these -----------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Invite a client that waits to send its body, unless the head alone is refused."""
        self._all.service.check_head(self._reader.request)
        self._out.append(_CONTINUE)

    def _read(self, request: Request, keep: bool, is_plain: bool) -> None:
        if self._closing:  # what is pipelined behind a request that closes is not answered
            return
        request.request_id = request.request_id or self._all.new_request_id()
        if self._held_bytes:
            self._hold(0)
        keep = keep and not self._all.draining
        if keep and is_plain and self._all.heads.is_wanted():
            self._remember_head(request, len(request.body))
        self._parsing = (b"", 0)
        self._answer(request, self._handle(request), keep)
        self.deadline = time.monotonic() + self._settings.idle_seconds

    def _wait_on(self) -> None:
        """A request has not come whole: what of it is held counts, and each of its parts has its time."""
        self._hold(self._reader.held_bytes)
        if self._reader.phase != self._phase:
            self._phase = self._reader.phase
            seconds = self._settings.header_seconds if self._reader.in_head else self._settings.body_seconds
            self.deadline = time.monotonic() + seconds

    def _hold(self, count: int) -> None:
        """Account for a request that needs more data before it can be answered; raises BusyError."""
        more = count - self._held_bytes
        if more > 0:
            self._all.hold(more)
        elif more:
            self._all.release(-more)
        self._held_bytes = count

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
        request = self._reader.request
        request.request_id = request.request_id or self._all.new_request_id()
        self._refused = True
        self._hold(0)
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
