"""A server that knows heads again answers any bytes as one that parses each of them anew."""

from __future__ import annotations

import itertools
import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.http.connections import Connections
from inference.http.known_heads import KnownHead, KnownHeads
from inference.http.protocol import HttpProtocol
from inference.http.service import Service
from inference.http.settings import ServerSettings
from tests.unit.inference.models import predictor_of, tree_model

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))
SETTINGS = ServerSettings(max_body_bytes=1000, max_header_bytes=2000)
SERVICE = Service(predictor_of(tree_model()), SETTINGS)


class Forgetful(KnownHeads):
    """Knows no head again."""

    def add(self, head: bytes, meaning: KnownHead) -> None:
        pass


class Transport:
    """Keeps what is written, and does nothing else."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True

    abort = close

    def can_write_eof(self) -> bool:
        return False


def connections(heads: KnownHeads) -> Connections:
    made = Connections(SERVICE, SETTINGS)
    made.heads = heads
    made.new_request_id = lambda: "own"  # type: ignore[method-assign]
    return made


def answers(server: Connections, pieces: list[bytes]) -> tuple[bytes, bool]:
    """What one connection says to these pieces."""
    connection, transport = HttpProtocol(server), Transport()
    connection.connection_made(transport)  # type: ignore[arg-type]  # as much of one as is used
    for piece in pieces:
        if not transport.closed:
            connection.data_received(piece)
    connection.connection_lost(None)
    assert server._held_bytes == 0
    return bytes(transport.written), transport.closed


request_lines = st.sampled_from(
    [
        b"POST /invocations HTTP/1.1",
        b"POST /invocations?x HTTP/1.1",
        b"POST http://h/invocations HTTP/1.1",
        b"POST /invocations HTTP/1.0",
        b"POST /v2/models/model/infer HTTP/1.1",
        b"GET /ping HTTP/1.1",
        b"HEAD /ping HTTP/1.1",
        b"GET /nothing HTTP/1.1",
    ]
)
header_lines = st.sampled_from(
    [
        b"host: h",
        b"Host: other",
        b"content-type: text/csv",
        b"content-type: application/json",
        b"Content-Length: 13",
        b"content-length: 0",
        b"content-length: 5",
        b"accept: application/json",
        b"accept: text/html",
        b"accept: */*;q=0",
        b"connection: close",
        b"connection: keep-alive",
        b"connection: upgrade",
        b"user-agent: x",
        b"transfer-encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"content-encoding: gzip",
        b"expect: 100-continue",
        b"upgrade: h2c",
        b"x-request-id: mine",
        b"x-amzn-sagemaker-inference-id: theirs",
        b"inference-header-content-length: 7",
    ]
)
bodies = st.sampled_from(
    [b"", b"1.5,2,INLAND\n", b"hello", b"d\r\n1.5,2,INLAND\n\r\n0\r\n\r\n", b"0\r\nx: y\r\n\r\n", b"\r\n\r\n"]
)


def head(first: bytes, lines: list[bytes], body: bytes) -> bytes:
    return b"\r\n".join([first, b"host: h", *lines]) + b"\r\n\r\n" + body


def mutated(data: bytes, changes: list[tuple[int, bytes]]) -> bytes:
    for at, byte in changes:
        place = at % (len(data) + 1)
        data = data[:place] + byte + data[place + (at % 2) :]
    return data


CHUNKED = head(
    b"POST /invocations HTTP/1.1",
    [b"content-type: text/csv", b"transfer-encoding: chunked"],
    b"d\r\n1.5,2,INLAND\n\r\n0\r\n\r\n",
)
messages = st.one_of(
    st.builds(head, request_lines, st.lists(header_lines, max_size=5), bodies), st.just(CHUNKED)
)
mutations = st.lists(
    st.tuples(st.integers(0, 500), st.sampled_from([b"", b"\r\n", b"\r", b"\n", b" ", b":", b"x"])),
    max_size=1,
)
streams = st.lists(
    st.one_of(messages, st.builds(mutated, messages, mutations), st.sampled_from([b"\r\n", b"\r\n\r\n"])),
    min_size=1,
    max_size=4,
).map(b"".join)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(bounds) if a < b]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(streams, min_size=1, max_size=3), st.lists(st.integers(0, 2000), max_size=3))
def test_knowing_a_head_again_changes_no_answer(sent: list[bytes], places: list[int]) -> None:
    knowing, forgetful = connections(KnownHeads()), connections(Forgetful())
    for _ in range(2):
        for stream in sent:
            pieces = cut(stream, places)
            assert answers(knowing, pieces) == answers(forgetful, pieces)
            assert answers(knowing, [stream]) == answers(forgetful, [stream])


def test_a_plain_head_is_known_again_and_a_special_one_is_not() -> None:
    plain = head(b"POST /invocations HTTP/1.1", [b"content-type: text/csv", b"content-length: 2"], b"1\n")
    special = (
        b"transfer-encoding: chunked",
        b"content-encoding: gzip",
        b"expect: 100-continue",
        b"upgrade: h2c",
        b"x-request-id: 1",
        b"x-amzn-sagemaker-inference-id: 1",
        b"inference-header-content-length: 1",
        b"connection: close",
    )
    for line in (b"x: y", *special):
        server: Any = connections(KnownHeads())
        sent = plain.replace(b"host: h", b"host: h\r\n" + line)
        if line.startswith(b"transfer"):
            sent = sent.replace(b"content-length: 2\r\n", b"").replace(b"1\n", b"0\r\n\r\n")
        answers(server, [sent])

        assert len(server.heads._heads) == (line == b"x: y"), line


def test_line_ends_before_a_request_are_no_head() -> None:
    server: Any = connections(KnownHeads())
    answers(server, [b"\r\n\r\n" + head(b"GET /ping HTTP/1.1", [], b"")])

    assert answers(server, [b"\r\n\r\n"]) == (b"", False)
