"""What RFC 9110 and RFC 9112 ask of a server, request by request. Case 14 is among them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import pytest

from inference.model.predictor import Predictor
from tests.unit.inference.models import predictor_of, tree_model
from tests.unit.inference.serving import (
    Reply,
    Server,
    ask,
    hangs_up,
    invoke,
    read_reply,
    request,
    running,
    wait_until,
)

ROW = b"1.5,2,INLAND\n"
CSV = b"content-type: text/csv\r\n"
POST = b"POST /invocations HTTP/1.1\r\nhost: test\r\n" + CSV
LENGTH = b"content-length: 13\r\n"


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return predictor_of(tree_model())


@pytest.fixture(scope="module")
def server(predictor: Predictor) -> Iterator[Server]:
    with running(predictor, max_body_bytes=100_000, max_header_bytes=4096) as found:
        yield found


def reply_to(server: Server, sent: bytes) -> Reply:
    with server.connect() as peer:
        peer.sendall(sent)
        return read_reply(peer)[0]


@pytest.mark.parametrize(
    "target",
    [b"http://127.0.0.1:4792/invocations", b"HTTP://host/invocations?x=1", b"https://a.b/invocations"],
)
def test_a_target_in_absolute_form_is_served(server: Server, target: bytes) -> None:
    assert reply_to(server, POST.replace(b"/invocations", target, 1) + LENGTH + b"\r\n" + ROW).status == 200


def test_an_absolute_target_without_a_path_is_the_root(server: Server) -> None:
    assert reply_to(server, b"GET http://host HTTP/1.1\r\nhost: host\r\n\r\n").status == 404


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /ping HTTP/1.1\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nhost: a\r\nhost: b\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nhost: a b\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nhost: user@a\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nhost: a/b\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nhost:\r\n", 200),
        (b"GET /ping HTTP/1.1\r\nhost: [::1]:8080\r\n", 200),
        (b"GET /ping HTTP/1.0\r\n", 200),
        (b"GET /ping HTTP/2.0\r\nhost: a\r\n", 400),
        (b"CONNECT a:1 HTTP/1.1\r\nhost: a\r\n", 405),
    ],
)
def test_host_and_version_are_checked(server: Server, head: bytes, status: int) -> None:
    assert reply_to(server, head + b"\r\n").status == status


@pytest.mark.parametrize(
    ("accept", "status", "content_type"),
    [
        (b"accept: application/json\r\naccept: text/html\r\n", 200, "application/json"),
        (b"accept: text/html\r\naccept: application/json\r\n", 200, "application/json"),
        (b"accept: application/json;q=0, text/csv\r\n", 200, "text/csv"),
        (b"accept: application/json; q=0.000, */*\r\n", 200, "text/csv"),
        (b"accept: text/csv;q=0.1, application/json;q=0.9\r\n", 200, "application/json"),
        (b"accept: application/json;q=0\r\n", 406, ""),
        (b"accept: */*;q=0\r\n", 406, ""),
        (b"accept: text/csv;q=0, text/*\r\n", 406, ""),
        (b"accept: ,\r\n", 406, ""),
        (b'accept: text/csv;x="a, b\\"";q=0, application/json\r\n', 200, "application/json"),
        (b"accept:\r\n", 200, "text/csv"),
    ],
)
def test_accept_is_one_list_of_weighted_ranges(
    server: Server, accept: bytes, status: int, content_type: str
) -> None:
    reply = reply_to(server, POST + LENGTH + accept + b"\r\n" + ROW)

    assert reply.status == status
    assert status != 200 or reply.headers["content-type"] == content_type


def test_expect_is_ignored_in_http_1_0(server: Server) -> None:
    old = POST.replace(b"HTTP/1.1", b"HTTP/1.0")

    assert reply_to(server, old + LENGTH + b"expect: 100-continue\r\n\r\n" + ROW).status == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"expect: 100-continue\r\ncontent-length: 99999999999\r\n", 413),
        (b"content-length: 99999999999\r\nexpect: 100-continue\r\n", 413),
        (b"expect: 200-ok\r\n" + LENGTH, 417),
        (b"expect: 100-continue\r\ntransfer-encoding: gzip\r\n", 501),
        (b"expect: 100-continue\r\ncontent-encoding: br\r\n" + LENGTH, 415),
        (b"expect: 100-continue\r\naccept: text/html\r\n" + LENGTH, 406),
        (LENGTH + b"expect: 100-continue\r\ncontent-type: text/csv\r\n", 400),
    ],
)
def test_a_client_is_not_invited_to_send_what_is_refused(server: Server, head: bytes, status: int) -> None:
    assert reply_to(server, POST + head + b"\r\n").status == status


def test_a_refused_client_that_is_still_sending_gets_its_answer_and_no_reset(server: Server) -> None:
    """A connection that is closed while the client sends would answer with RST, and the client might never
    see why (RFC 9112, 9.6): the server ends its own direction alone, and reads on for a moment."""
    with server.connect() as peer:
        peer.sendall(b"this is not HTTP\r\n\r\n")
        answer = b""
        while part := peer.recv(4096):
            answer += part
        assert answer.startswith(b"HTTP/1.1 400 ")
        for _ in range(3):
            peer.sendall(b"still sending\r\n")
            assert peer.recv(1) == b""


@pytest.mark.parametrize(
    ("line", "content_type", "status"),
    [
        (b"POST /nowhere", b"text/csv", 404),
        (b"PUT /invocations", b"text/csv", 405),
        (b"POST /invocations", b"image/png", 415),
        (b"POST /invocations", b"text/csv; charset=utf-16", 415),
    ],
)
def test_a_body_that_its_head_condemns_is_not_asked_for(
    server: Server, line: bytes, content_type: bytes, status: int
) -> None:
    head = line + b" HTTP/1.1\r\nhost: a\r\ncontent-type: " + content_type
    with server.connect() as peer:
        peer.sendall(head + b"\r\nexpect: 100-continue\r\n" + LENGTH + b"\r\n")
        assert read_reply(peer)[0].status == status
        assert hangs_up(peer)


@pytest.mark.parametrize(
    "twice", [CSV, b"content-type: application/json\r\n", b"Inference-Header-Content-Length: 1\r\n" * 2]
)
def test_a_header_that_may_come_once_is_not_chosen_from_two(server: Server, twice: bytes) -> None:
    assert reply_to(server, POST + LENGTH + twice + b"\r\n" + ROW).status == 400


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "utf-16", '"x"'])
def test_another_charset_is_named(server: Server, charset: str) -> None:
    reply = invoke(server, b"1,2,\xe9\n", f"text/csv; charset={charset}")

    assert reply.status == 415
    assert charset.strip('"').encode() in reply.body


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "us-ascii"])
def test_utf_8_may_be_named(server: Server, charset: str) -> None:
    assert invoke(server, ROW, f"text/csv; charset={charset}").status == 200


@pytest.mark.parametrize(
    ("coding", "status"),
    [
        (b"gzip", 501),
        (b"gzip, chunked", 501),
        (b"identity", 501),
        (b"chunked, gzip", 400),
        (b"chunked, chunked", 400),
    ],
)
def test_an_unknown_transfer_coding_is_not_implemented(server: Server, coding: bytes, status: int) -> None:
    with server.connect() as peer:
        peer.sendall(POST + b"transfer-encoding: " + coding + b"\r\n\r\n")
        assert read_reply(peer)[0].status == status
        assert hangs_up(peer)


def test_http_1_0_has_no_transfer_coding(server: Server) -> None:
    old = POST.replace(b"HTTP/1.1", b"HTTP/1.0")

    assert reply_to(server, old + b"transfer-encoding: chunked\r\n\r\n").status == 400


def test_a_gzip_body_is_unpacked(server: Server) -> None:
    plain = invoke(server, ROW).body
    whole = invoke(server, gzip.compress(ROW, mtime=0), content_encoding="gzip")
    members = b"".join(gzip.compress(ROW[i : i + 1], mtime=0) for i in range(len(ROW)))

    assert whole.body == plain
    assert invoke(server, members + b"\0" * 10, content_encoding="x-gzip").body == plain
    assert invoke(server, ROW, content_encoding="identity").body == plain


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (gzip.compress(b"1" * 100_001, mtime=0), 413),
        (gzip.compress(ROW, mtime=0)[:-1], 400),
        (gzip.compress(ROW, mtime=0) + b"x", 400),
        (ROW, 400),
        (b"", 400),
    ],
)
def test_a_gzip_body_is_bounded_and_whole(server: Server, body: bytes, status: int) -> None:
    assert invoke(server, body, content_encoding="gzip").status == status


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip"])
def test_another_content_coding_is_refused_with_those_that_are_read(server: Server, coding: str) -> None:
    reply = invoke(server, ROW, content_encoding=coding)

    assert reply.status == 415
    assert "gzip" in reply.headers["accept-encoding"]


def test_a_wrong_method_is_told_the_right_one(server: Server) -> None:
    assert ask(server, request("GET", "/invocations"))[0].headers["allow"] == "POST"


def test_a_trailer_is_no_header(server: Server, predictor: Predictor) -> None:
    chunked = POST + b"transfer-encoding: chunked\r\n\r\nd\r\n" + ROW + b"\r\n0\r\n"
    trailers = b"content-type: image/png\r\naccept: image/png\r\nexpect: no\r\nhost: b\r\n"
    with server.connect() as peer:
        for _ in range(2):
            peer.sendall(chunked + trailers + b"x-request-id: forged\r\n\r\n")
            reply, _ = read_reply(peer)
            assert reply.status == 200
            assert reply.headers["x-request-id"] != "forged"


@pytest.mark.parametrize("trailer", [b"x: 1\r\n" * 2000, b"x: " + b"1" * 10_000, b"y" * 10_000])
def test_trailers_count_as_headers_do(server: Server, trailer: bytes) -> None:
    with server.connect() as peer:
        peer.sendall(POST + b"transfer-encoding: chunked\r\n\r\n0\r\n")
        peer.sendall(trailer)
        assert read_reply(peer)[0].status == 431


def test_extensions_of_chunks_are_bounded(server: Server) -> None:
    with server.connect() as peer:
        peer.sendall(POST + b"transfer-encoding: chunked\r\n\r\n1;x=" + b"1" * 10_000)
        assert read_reply(peer)[0].status == 431


def test_a_head_that_arrives_at_once_keeps_to_the_limit(server: Server) -> None:
    head = b"GET /ping HTTP/1.1\r\nhost: a\r\n" + b"x: 1234567890\r\n" * 500 + b"\r\n"

    assert reply_to(server, head).status == 431
    assert reply_to(server, b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nhost: a\r\n\r\n").status == 431
    with server.connect() as peer:
        peer.sendall(request("GET", "/ping") + head)
        first, rest = read_reply(peer)
        assert (first.status, read_reply(peer, rest)[0].status) == (200, 431)


def test_tiny_chunks_hold_what_is_counted(predictor: Predictor) -> None:
    with running(predictor) as server, server.connect() as peer:
        peer.sendall(POST + b"transfer-encoding: chunked\r\n\r\n" + b"2\r\n1,\r\n" * 20_000)
        wait_until(lambda: server.connections._held_bytes >= 40_000)
        (connection,) = server.connections._open
        body = connection._reader._body  # type: ignore[attr-defined]

        assert isinstance(body, bytearray)
        assert server.connections._held_bytes == body.__alloc__() < 50_000


@pytest.mark.parametrize("offer", [b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_offer_to_upgrade_changes_no_byte_of_a_body(
    server: Server, predictor: Predictor, offer: bytes, chunked: bool
) -> None:
    """The field that is no number is named just as it was sent."""
    body = b"1.5,2,a\r\n1.5,2,INLAND\r\nupgrade: h2c,2,INLAND"
    framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    framing = b"transfer-encoding: chunked\r\n" if chunked else b"content-length: %d\r\n" % len(body)
    with server.connect() as peer:
        for pieces in (1, 7, 200):
            sent = POST + offer + framing + b"\r\n" + framed
            for at in range(0, len(sent), pieces):
                peer.sendall(sent[at : at + pieces])
            reply, _ = read_reply(peer)
            assert b"'upgrade: h2c'" in reply.body
        peer.sendall(request("GET", "/ping"))
        assert read_reply(peer)[0].status == 200


def test_a_tunnel_is_refused_once_and_closed(server: Server) -> None:
    with server.connect() as peer:
        peer.sendall(b"GET /ping HTTP/1.1\r\nhost: a\r\n\r\nCONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n")
        first, rest = read_reply(peer)
        second, rest = read_reply(peer, rest)
        assert (first.status, second.status, rest) == (200, 405, b"")
        assert hangs_up(peer)


def test_requests_behind_an_offer_are_answered(server: Server) -> None:
    offer = b"GET /ping HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    replies = ask(server, offer, request("POST", "/invocations", ROW, "text/csv"), offer)

    assert [reply.status for reply in replies] == [200, 200, 200]


def test_tensors_are_answered_at_invocations(server: Server) -> None:
    inputs = [
        {"name": name, "datatype": kind, "shape": [1], "data": [value]}
        for name, kind, value in (("rooms", "FP64", 1.5), ("people", "INT64", 2), ("sea", "BYTES", "INLAND"))
    ]
    reply = invoke(server, json.dumps({"inputs": inputs}), "application/json")

    assert json.loads(reply.body)["outputs"][0]["data"] == [float(invoke(server, ROW).body)]
