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
        self._completed = self._last_body_bytes = 0
        self._head_bytes = self._fed_bytes = self._pieces = self._hosts = 0
        # Whether the next head is known to be of HTTP/1.1, so the parser need not be asked; and whether a
        # head may be too long, and must be counted.
        self._is_newest = self._counts = False
        self._forget_special()
        self.on_message_begin()
        self.busy = False

    def _forget_special(self) -> None:
        self._transfer_coding = self._expectation = b""
        self._heeds = self._upgrades = False
        self._version = "1.1"

    @property
    def phase(self) -> tuple[Request, bool]:
        """Of the request that is being read, and whether its head is."""
        return self.request, self.in_head

    @property
    def held_bytes(self) -> int:
        """The memory that an unfinished body takes."""
        return self._body.__alloc__() if isinstance(self._body, bytearray) else len(self._body)

    def feed(self, data: bytes) -> None:
        """Read on. Raises InferenceError where the connection cannot be understood any further."""
        self._completed = 0
        if self.busy:
            self._counts = True
            self._fed_bytes += len(data)
        else:
            self._counts = len(data) > self._most_head_bytes
            end = data.find(b"\n")
            self._is_newest = data[end - 10 : end] == b" HTTP/1.1\r"
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._feed_behind(data, upgrade)
        except httptools.HttpParserError as error:
            raise _understood(error) from error
        if self.busy:
            self._count_unfinished(data)

    def _feed_behind(self, data: bytes, upgrade: Exception) -> None:
        """Pass over an offer to change the protocol (RFC 9110, 7.8).

        The parser takes everything behind such a head for the new protocol, so another one goes on there,
        which is told how the body is framed.
        """
        while True:
            data = data[upgrade.args[0] :]
            self._upgrades = False
            rest = _Rest(self)
            self._parser = httptools.HttpRequestParser(rest)
            rest.feed_framing(self._parser, self._framing())
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as another:
                upgrade = another
            except httptools.HttpParserError as error:
                raise _understood(error) from error

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
        most = self._most_head_bytes
        if self.in_head:
            self._head_bytes = max(self._head_bytes, self._fed_bytes)
        elif self._transfer_coding:  # the head, and as much as one in extensions and trailers
            most += most + len(self._body) + _CHUNK_OVERHEAD_BYTES * self._pieces
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
        self.request = Request()
        self._body: bytes | bytearray = b""
        self.in_head = self._is_plain = True
        self._head_bytes = self._fed_bytes = self._pieces = self._hosts = 0
        self._host = self._connection = b""
        self._length: bytes | None = None
        if self._completed:
            self._counts = True
        self.busy = True

    def on_url(self, url: bytes) -> None:
        if self._counts:
            self._count_header(url)
        self.request.path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._counts:
            self._count_header(name, value)
        known = headers.HEEDED.get(name) or headers.HEEDED.get(name.lower())
        # A trailer says nothing of how the message is read (RFC 9110, 6.5.1).
        if known is None or not self.in_head:
            return
        if known == b"host":
            self._hosts += 1
            self._host = value
        elif known == b"content-type":
            if self.request.content_type:
                raise InvalidRequestError("content-type is given more than once")
            self.request.content_type = value.decode("latin-1")
        elif known == b"accept":
            request, accept = self.request, value.decode("latin-1")
            request.accept = f"{request.accept}, {accept}" if request.accept else accept
        elif known == b"content-length":
            self._length = value
            if int(value) > self._settings.max_body_bytes:
                raise self._too_large()
        elif known == b"connection":
            self._connection += b"," + value
        else:
            self._note_special(known, value)

    def _count_header(self, name: bytes, value: bytes = b"") -> None:
        """A header is a line with a colon, so it has at least so many bytes."""
        self._head_bytes += len(name) + len(value) + len(b":\r\n")
        if self._head_bytes > self._most_head_bytes:
            raise self._headers_too_large()

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
            if self.request.json_length is not None:
                raise InvalidRequestError(f"{headers.JSON_LENGTH.decode()} is given more than once")
            self.request.json_length = headers.json_length(value)

    def on_headers_complete(self) -> None:
        request = self.request
        version = "1.1" if self._is_newest else self._parser.get_http_version()
        self._is_newest = self.in_head = False
        method = self._parser.get_method()
        request.method = "POST" if method == b"POST" else method.decode()
        if "?" in request.path or request.path[:1] != "/":
            request.path = headers.path_of(request.path)
        if version != "1.1" or self._hosts != 1 or self._host != self._known_host:
            self._check_version_and_host(version)
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


def _understood(error: httptools.HttpParserError) -> InferenceError:
    """What a parser's error means: one that a callback raised is meant as it is."""
    if not isinstance(error, httptools.HttpParserCallbackError):
        return InvalidRequestError(f"this is not HTTP: {error}")
    cause = error.__context__
    return cause if isinstance(cause, InferenceError) else InvalidRequestError(str(error))


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
