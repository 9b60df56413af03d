"""How many connections, bytes and seconds a server gives to clients that are slow, many or gone."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from inference.http.connections import Connections
from inference.http.protocol import HttpProtocol
from inference.http.service import Service
from inference.http.settings import ServerSettings
from inference.model.predictor import Predictor
from tests.unit.inference.models import predictor_of, tree_model
from tests.unit.inference.serving import (
    Server,
    hangs_up,
    invoke,
    read_reply,
    request,
    running,
    wait_until,
)

ROW = "1.5,2,INLAND\n"
POST = b"POST /invocations HTTP/1.1\r\nhost: test\r\n"


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return predictor_of(tree_model())


def test_a_header_that_never_ends_is_timed_out_and_starves_nobody(predictor: Predictor) -> None:
    with running(predictor, header_seconds=5.0) as server, server.connect() as slow, server.connect() as mute:
        slow.sendall(b"POST /invocations HTTP/1.1\r\nhost")
        assert invoke(server, ROW).status == 200
        wait_until(lambda: len(server.connections) == 2)

        server.run(server.connections.sweep, time.monotonic() + 6.0)

        assert read_reply(slow)[0].status == 408
        assert hangs_up(mute)


def test_a_body_that_never_ends_is_timed_out(predictor: Predictor) -> None:
    with running(predictor, body_seconds=5.0, header_seconds=60.0) as server, server.connect() as slow:
        slow.sendall(POST + b"content-length: 10\r\n\r\n1")
        wait_until(lambda: len(server.connections) == 1)
        assert invoke(server, ROW).status == 200

        server.run(server.connections.sweep, time.monotonic() + 6.0)

        assert read_reply(slow)[0].status == 408
        assert hangs_up(slow)


def test_an_idle_connection_is_closed_in_the_end(predictor: Predictor) -> None:
    with running(predictor, idle_seconds=5.0) as server, server.connect() as idle:
        idle.sendall(request("GET", "/ping"))
        read_reply(idle)

        server.run(server.connections.sweep, time.monotonic() + 4.0)
        assert len(server.connections) == 1
        server.run(server.connections.sweep, time.monotonic() + 6.0)

        assert hangs_up(idle)


def test_more_connections_than_allowed_are_told_so(predictor: Predictor) -> None:
    with running(predictor, max_connections=1) as server, server.connect() as first:
        first.sendall(request("GET", "/ping"))
        read_reply(first)
        with server.connect() as second:
            assert read_reply(second)[0].status == 429
        first.sendall(request("GET", "/ping"))
        assert read_reply(first)[0].status == 200


def test_unfinished_bodies_together_are_bounded(predictor: Predictor) -> None:
    with running(predictor, max_held_bytes=1000) as server, server.connect() as one, server.connect() as two:
        head = POST + b"content-length: 900\r\n\r\n"
        one.sendall(head + b"1" * 800)
        wait_until(lambda: server.connections._held_bytes == 800)
        two.sendall(head + b"1" * 800)
        assert read_reply(two)[0].status == 429
        one.sendall(b"1" * 100)
        assert read_reply(one)[0].status == 415
        wait_until(lambda: server.connections._held_bytes == 0)


def test_a_client_that_does_not_read_is_not_read_from(predictor: Predictor) -> None:
    many = request("GET", "/metrics") * 2000
    with running(predictor) as server, server.connect() as greedy:
        greedy.settimeout(0.5)
        with suppress(TimeoutError):
            while True:
                greedy.sendall(many)
        assert invoke(server, ROW).status == 200


def _is_busy(connection: Any) -> bool:
    return bool(connection._reader.busy)


def test_draining_answers_what_was_asked_and_closes_the_rest(predictor: Predictor) -> None:
    with running(predictor) as server, server.connect() as idle, server.connect() as busy:
        busy.sendall(POST + b"content-type: text/csv\r\ncontent-length: 13\r\n\r\n")
        wait_until(lambda: sorted(_is_busy(c) for c in server.connections._open) == [False, True])

        server.run(server.connections.drain)

        assert hangs_up(idle)
        busy.sendall(ROW.encode())
        reply, _ = read_reply(busy)
        assert (reply.status, reply.headers["connection"]) == (200, "close")


def narrow(server: Server) -> socket.socket:
    """A connection whose client takes little at a time."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.connect(("127.0.0.1", server.port))
    return peer


def unread_bytes(server: Server) -> int:
    connections: set[Any] = server.connections._open
    return sum(connection._transport.get_write_buffer_size() for connection in connections)


@pytest.mark.parametrize("knows_heads", [True, False])
def test_a_client_that_reads_nothing_is_answered_no_more_and_goes_on_where_it_was(
    predictor: Predictor, knows_heads: bool
) -> None:
    count = 20_000
    with running(predictor) as server:
        if not knows_heads:
            server.connections.heads.add = lambda *_: None  # type: ignore[method-assign]
        with narrow(server) as peer:
            peer.settimeout(1.0)
            left = memoryview(request("GET", "/metrics") * count)
            with suppress(TimeoutError):
                while left:
                    left = left[peer.send(left) :]
            wait_until(lambda: unread_bytes(server))
            server.run(lambda: None)  # what it had begun to answer is over then
            assert unread_bytes(server) < 1_000_000
            peer.settimeout(60.0)
            sender = threading.Thread(target=peer.sendall, args=(left,))
            sender.start()
            rest = b""
            for _ in range(count):
                reply, rest = read_reply(peer, rest)
                assert reply.status == 200
            sender.join()
        wait_until(lambda: not len(server.connections))
        assert server.connections._held_bytes == 0


class Stalled:
    """A transport whose client has left so many bytes unread."""

    def __init__(self, unread_bytes: int) -> None:
        self.unread_bytes = unread_bytes
        self.is_aborted = False

    def get_write_buffer_size(self) -> int:
        return self.unread_bytes

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def abort(self) -> None:
        self.is_aborted = True


def test_answers_that_nobody_reads_are_held_to_the_limit_of_all(predictor: Predictor) -> None:
    settings = ServerSettings(max_held_bytes=3_000_000)
    everybody = Connections(Service(predictor, settings), settings)
    peers = [(HttpProtocol(everybody), Stalled(2_000_000)) for _ in range(2)]
    for connection, transport in peers:
        connection.connection_made(transport)  # type: ignore[arg-type]  # as much of one as is used
        connection.pause_writing()
    assert [transport.is_aborted for _, transport in peers] == [False, True]
    assert everybody._held_bytes == 2_000_000
    peers[0][0].resume_writing()
    assert everybody._held_bytes == 0
    peers[0][0].pause_writing()
    for connection, _ in peers:
        connection.connection_lost(None)
    assert everybody._held_bytes == 0
