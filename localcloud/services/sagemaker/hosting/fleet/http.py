"""A small HTTP/1.1 client over kept-alive connections to one container on loopback."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httptools

HOST = "127.0.0.1"


class UnreachableError(ConnectionError):
    """No byte of the request was taken: it may be sent to another instance."""


class BrokenError(ConnectionError):
    """The connection ended before the whole answer had come."""


@dataclass
class Response:
    """A container's answer; header names in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Pool:
    """Connections to one port, used one request at a time each."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: deque[_Connection] = deque()
        self._closed = False

    async def send(
        self, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes, timeout: float
    ) -> Response:
        """Send one request; raises UnreachableError, BrokenError, or TimeoutError after `timeout` s."""
        message = _message(method, path, headers, body, self._port)
        async with asyncio.timeout(timeout):
            while self._idle:
                connection = self._idle.pop()
                if connection.usable:
                    return await self._exchange_again(connection, message)
            return await self._exchange(await self._connect(), message)

    def close(self) -> None:
        """Close what is idle; connections in use close when their answer has come."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(_Connection, HOST, self._port)
        except OSError as problem:
            raise UnreachableError(f"port {self._port}: {problem}") from None
        return connection

    async def _exchange_again(self, connection: _Connection, message: bytes) -> Response:
        """Use a kept connection; one that the container had closed meanwhile is replaced, once."""
        try:
            return await self._exchange(connection, message)
        except _StaleError:
            try:
                return await self._exchange(await self._connect(), message)
            except UnreachableError:
                raise BrokenError("the container ended while the request was under way") from None

    async def _exchange(self, connection: _Connection, message: bytes) -> Response:
        try:
            response = await connection.exchange(message)
        except BaseException:
            connection.close()
            raise
        if connection.usable and not self._closed:
            self._idle.append(connection)
        else:
            connection.close()
        return response


class _StaleError(Exception):
    """A kept connection had been closed by the container before it took the request."""


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._response = Response()
        self._chunks: list[bytes] = []
        self._answer: asyncio.Future[Response] | None = None
        self._answered_before = False
        self.usable = True

    def exchange(self, message: bytes) -> asyncio.Future[Response]:
        self._response = Response()
        self._chunks = []
        self._parser = httptools.HttpResponseParser(self)
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            self._fail(_StaleError())
        else:
            self._transport.write(message)
        return self._answer

    def close(self) -> None:
        self.usable = False
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, AttributeError) as problem:
            self._fail(BrokenError(f"the container's answer is not HTTP: {problem}"))
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.usable = False
        if self._answered_before and not self._response.status and not self._chunks:
            self._fail(_StaleError())
        else:
            self._fail(BrokenError("the container closed the connection before the whole answer had come"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._response.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._response.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        self._response.body = b"".join(self._chunks)
        self._answered_before = True
        if not self._parser.should_keep_alive():
            self.usable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(self._response)

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def _message(method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes, port: int) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + body
