"""A server in a thread of this process, and a client that sends exactly the bytes it is given."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import uvloop

from inference.http.connections import Connections
from inference.http.protocol import HttpProtocol
from inference.http.service import Service
from inference.http.settings import ServerSettings
from inference.model.predictor import Predictor

_PATIENCE_SECONDS = 60.0


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Server:
    """What a test may ask of the running server."""

    def __init__(self, port: int, connections: Connections, loop: asyncio.AbstractEventLoop) -> None:
        self.port = port
        self.connections = connections
        self._loop = loop

    def run(self, step: Any, *arguments: Any) -> None:
        """Call something on the server's own thread, and wait for it."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(step, *arguments)
        self._loop.call_soon_threadsafe(done.set)
        assert done.wait(_PATIENCE_SECONDS)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE_SECONDS)


@contextmanager
def running(predictor: Predictor | None, failure: str = "", **settings: Any) -> Iterator[Server]:
    """Serve on a free port until the block ends."""
    chosen = ServerSettings(host="127.0.0.1", port=0, **settings)
    connections = Connections(Service(predictor, chosen, failure), chosen)
    loop = uvloop.new_event_loop()
    listening = loop.run_until_complete(
        loop.create_server(lambda: HttpProtocol(connections), host="127.0.0.1", port=0)
    )
    port = listening.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # uvloop's has them
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield Server(port, connections, loop)
    finally:
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(connections.drain)
        _stop_when_idle(loop, connections)
        thread.join(_PATIENCE_SECONDS)
        loop.close()


def _stop_when_idle(loop: asyncio.AbstractEventLoop, connections: Connections) -> None:
    def look() -> None:
        for connection in list(connections._open):
            connection.expire()
        loop.call_later(0.005, loop.stop if not len(connections) else look)

    loop.call_soon_threadsafe(look)


def request(method: str, path: str, body: bytes = b"", content_type: str = "", **headers: str) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "host: test"]
    lines += [f"content-type: {content_type}"] if content_type else []
    lines += [f"content-length: {len(body)}"] if body or method == "POST" else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def read_reply(peer: socket.socket, rest: bytes = b"") -> tuple[Reply, bytes]:
    """One reply, and what has come after it."""
    while b"\r\n\r\n" not in rest:
        rest += _receive(peer)
    head, _, rest = rest.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    status = int(first.split()[1])
    length = int(headers.get("content-length", "0"))
    while len(rest) < length:
        rest += _receive(peer)
    return Reply(status, headers, rest[:length]), rest[length:]


def _receive(peer: socket.socket) -> bytes:
    data = peer.recv(1 << 16)
    if not data:
        raise ConnectionError("the server hung up")
    return data


def ask(server: Server, *requests: bytes) -> list[Reply]:
    """Send everything at once over one connection; the replies in order."""
    replies, rest = [], b""
    with server.connect() as peer:
        peer.sendall(b"".join(requests))
        for _ in requests:
            reply, rest = read_reply(peer, rest)
            replies.append(reply)
    return replies


def invoke(server: Server, body: bytes | str, content_type: str = "text/csv", **headers: str) -> Reply:
    encoded = body.encode() if isinstance(body, str) else body
    return ask(server, request("POST", "/invocations", encoded, content_type, **headers))[0]


def hangs_up(peer: socket.socket) -> bool:
    """Whether the server closes the connection; whatever it still says is read."""
    with suppress(ConnectionError):
        while peer.recv(1 << 16):
            pass
    return True


def wait_until(condition: Any) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.002)
