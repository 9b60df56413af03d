"""Requests out of bytes: httptools takes messages apart, and what it does not know of HTTP is kept here.

One reader belongs to one connection. It counts what it holds: a head and its trailers to the limit of
headers, a body as the memory that it takes, however small the pieces in which it came.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httptools

from inference.errors import (
    BodyTooLargeError,
    HeadersTooLargeError,
    InferenceError,
    InvalidRequestError,
    MethodNotAllowedError,
)
from inference.http import headers
from inference.http.messages import Request
from inference.http.settings import ServerSettings

# What a chunk may take beyond its data: its size, two line ends, and a short extension.
_CHUNK_OVERHEAD_BYTES = 32
_VERSIONS = ("1.0", "1.1")


class RequestReader:
    """Calls `on_continue` when a client waits to be told to go on, and `on_request` with each whole request.

    `phase` changes when a request begins and when its head is complete.
    """

    def __init__(
        self,
        settings: ServerSettings,
        on_continue: Callable[[], None],
        on_request: Callable[[Request, bool, bool], None],
    ) -> None:
        self._settings = settings
        self._on_continue = on_continue
        self._on_request = on_request
        self._parser: Any = httptools.HttpRequestParser(self)
        self._most_head_bytes = settings.max_header_bytes
        self._known_host = b""
        self.busy = False
        self.phase = 0
        self._completed = self._last_body_bytes = 0
        self._begin()
        self._forget_special()

    def _begin(self) -> None:
        self.request = Request()
        self._body: bytes | bytearray = b""
        self.in_head = self._is_plain = True
        self._head_bytes = self._fed_bytes = self._pieces = self._hosts = 0
        self._host = self._connection = b""
        self._length: bytes | None = None

    def _forget_special(self) -> None:
        self._transfer_coding = self._expectation = b""
        self._heeds = self._upgrades = False
        self._version = "1.1"

    @property
    def held_bytes(self) -> int:
        """The memory that an unfinished body takes."""
        return self._body.__alloc__() if isinstance(self._body, bytearray) else len(self._body)

    def feed(self, data: bytes) -> None:
        """Read on. Raises InferenceError where the connection cannot be understood any further."""
        self._completed = 0
        if self.busy:
            self._fed_bytes += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            raise cause if isinstance(cause, InferenceError) else InvalidRequestError(str(error)) from error
        except httptools.HttpParserError as error:
            raise InvalidRequestError(f"this is not HTTP: {error}") from error
        if self.busy:
            self._count_unfinished(data)

    def _parse(self, data: bytes) -> None:
        """Read on, and pass over an offer to change the protocol (RFC 9110, 7.8).

        The parser takes everything behind such a head for the new protocol, so another one goes on there,
        which is told how the body is framed.
        """
        while True:
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
            self._upgrades = False
            rest = _Rest(self)
            self._parser = httptools.HttpRequestParser(rest)
            rest.feed_framing(self._parser, self._framing())

    def _framing(self) -> bytes:
        lines = [b"POST / HTTP/1.1"]
        if self._length is not None:
            lines.append(b"content-length: " + self._length)
        if self._transfer_coding:
            lines.append(b"transfer-encoding: chunked")
        if b"close" in self._connection.lower() or self._version == "1.0":
            lines.append(b"connection: close")
        return b"\r\n".join(lines) + headers.HEAD_END

    def _count_unfinished(self, data: bytes) -> None:
        """Keep the limit of headers for a head that does not end, and what chunks carry beside the body."""
        if not self._fed_bytes:
            self._fed_bytes = self._began_in(data)
        most = self._settings.max_header_bytes
        if self.in_head:
            self._head_bytes = max(self._head_bytes, self._fed_bytes)
        elif self._transfer_coding:
            most += self._head_bytes + len(self._body) + _CHUNK_OVERHEAD_BYTES * self._pieces
        else:
            return
        if self._fed_bytes > most:
            raise self._headers_too_large()

    def _began_in(self, data: bytes) -> int:
        """How much of these data an unfinished request has that began in them, at the least."""
        if not self._completed:
            return len(data)
        # Behind other requests: it lies behind the last end of a head, which may be one inside the last body.
        behind = len(data) - data.rfind(headers.HEAD_END) - len(headers.HEAD_END)
        return max(1, behind - self._last_body_bytes)

    # --- httptools calls these ------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._heeds or self._version != "1.1":
            self._forget_special()
        self._begin()
        self.busy = True
        self.phase += 1

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        if self._head_bytes > self._most_head_bytes:
            raise self._headers_too_large()
        self.request.path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > self._most_head_bytes:
            raise self._headers_too_large()
        if not self.in_head:  # a trailer says nothing of how the message is read (RFC 9110, 6.5.1)
            return
        name = name.lower()
        request = self.request
        if name == b"host":
            self._hosts += 1
            self._host = value
        elif name == b"content-type":
            request.content_type = value.decode("latin-1")
        elif name == b"accept":
            accept = value.decode("latin-1")
            request.accept = f"{request.accept}, {accept}" if request.accept else accept
        elif name == b"content-length":
            self._length = value
            if int(value) > self._settings.max_body_bytes:
                raise self._too_large()
        elif name == b"connection":
            self._connection += b"," + value
        elif name in headers.SPECIAL:
            self._note_special(name, value)

    def _note_special(self, name: bytes, value: bytes) -> None:
        """Headers that make a head one of its kind."""
        self._is_plain = False
        if name in headers.REQUEST_IDS:
            self.request.request_id = headers.request_id(value)
            return
        self._heeds = True
        if name == b"expect":
            self._expectation = value
        elif name == b"transfer-encoding":
            self._transfer_coding += (b"," if self._transfer_coding else b"") + value
        elif name == b"content-encoding":
            coding = value.decode("latin-1")
            known = self.request.content_encoding
            self.request.content_encoding = f"{known}, {coding}" if known else coding
        elif name == headers.JSON_LENGTH:
            self.request.json_length = headers.json_length(value)

    def on_headers_complete(self) -> None:
        request, version = self.request, self._parser.get_http_version()
        request.method = self._parser.get_method().decode()
        request.path = headers.path_of(request.path)
        self.in_head = False
        if version != "1.1" or self._hosts != 1 or self._host != self._known_host:
            self._check_version_and_host(version)
        self.phase += 1
        if request.method == "CONNECT":
            raise MethodNotAllowedError("this server is no proxy", "GET, POST")
        if self._heeds and self._heed_special(version):
            self._on_continue()

    def _check_version_and_host(self, version: str) -> None:
        if version not in _VERSIONS:
            raise InvalidRequestError(f"HTTP/{version} is not spoken here; HTTP/1.1 is")
        headers.check_host(self._hosts, self._host, version)
        self._known_host = self._host
        self._version = version
        self._is_plain = self._is_plain and version == "1.1"

    def _heed_special(self, version: str) -> bool:
        """What a head asks of the reading of its message; whether its client waits to be told to go on."""
        if self._transfer_coding:
            headers.check_transfer_coding(self._transfer_coding, version)
        self._upgrades = bool(self._parser.should_upgrade())
        if not self._expectation or not headers.wants_continue(self._expectation, version):
            return False
        return bool(self._transfer_coding) or self._length not in (None, b"0")

    def on_body(self, data: bytes) -> None:
        self._pieces += 1
        if self._pieces == 1:
            self._body = data
        else:
            if self._pieces == 2:
                self._body = bytearray(self._body)
            self._body += data
        if len(self._body) > self._settings.max_body_bytes:
            raise self._too_large()

    def on_message_complete(self) -> None:
        if self._upgrades:  # only its head: the rest is read by another parser
            return
        request = self.request
        request.body = self._body if isinstance(self._body, bytes) else bytes(self._body)
        self._body = b""
        self.busy = False
        self._completed += 1
        self._last_body_bytes = len(request.body)
        self._on_request(request, bool(self._parser.should_keep_alive()), self._is_plain)
        self._head_bytes = 0

    def _headers_too_large(self) -> HeadersTooLargeError:
        return HeadersTooLargeError(f"the headers exceed {self._settings.max_header_bytes} bytes")

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(f"the body exceeds {self._settings.max_body_bytes} bytes")


class _Rest:
    """Hands the reader what comes behind the head of an offer to upgrade, as if it were read on."""

    def __init__(self, reader: RequestReader) -> None:
        self._reader = reader
        self._in_framing = False
        self.on_body = reader.on_body
        self.on_message_complete = reader.on_message_complete

    def feed_framing(self, parser: Any, framing: bytes) -> None:
        """Tell a new parser how the body is framed, by a head that the reader does not see."""
        self._in_framing = True
        parser.feed_data(framing)
        self._in_framing = False

    def on_message_begin(self) -> None:
        if not self._in_framing:
            self._reader.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._in_framing:
            self._reader.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_framing:
            self._reader.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._in_framing:
            self._reader.on_headers_complete()
