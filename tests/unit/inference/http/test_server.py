from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator

import numpy as np
import pytest

from inference.http.service import Service
from inference.http.settings import ServerSettings
from inference.model import artefact
from inference.model.predictor import Predictor
from tests.unit.inference.models import artefact_of, predictor_of, tree_model
from tests.unit.inference.serving import (
    Server,
    ask,
    hangs_up,
    invoke,
    read_reply,
    request,
    running,
)

ROW = "1.5,2,INLAND\n"
POST = b"POST /invocations HTTP/1.1\r\nhost: test\r\n"


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return predictor_of(tree_model())


@pytest.fixture(scope="module")
def server(predictor: Predictor) -> Iterator[Server]:
    with running(predictor, max_body_bytes=100_000, max_header_bytes=4096) as found:
        yield found


def prediction(predictor: Predictor) -> float:
    return float(predictor.predict_matrix(np.array([[1.5, 2.0, 1.0]]))[0])


def test_a_healthy_model_answers_ping(server: Server) -> None:
    reply = ask(server, request("GET", "/ping"))[0]

    assert reply.status == 200


def test_a_model_that_failed_its_check_answers_neither_ping_nor_a_row() -> None:
    with running(None, failure="self check: row 3 of 8 answers 1, and training recorded 2") as broken:
        ping, invocation = ask(broken, request("GET", "/ping"), request("POST", "/invocations", b"1"))

    assert (ping.status, invocation.status) == (500, 500)
    assert "training recorded 2" in json.loads(ping.body)["error"]


def test_csv_gets_one_prediction_a_line(server: Server, predictor: Predictor) -> None:
    one, three = invoke(server, ROW), invoke(server, ROW * 3)

    assert one.headers["content-type"] == "text/csv"
    assert float(one.body) == prediction(predictor)
    assert [float(line) for line in three.body.decode().splitlines()] == [prediction(predictor)] * 3
    assert three.body.endswith(b"\n")


def test_json_gets_json(server: Server, predictor: Predictor) -> None:
    reply = invoke(server, json.dumps({"instances": [[1.5, 2, "INLAND"]]}), "application/json; charset=utf-8")

    assert reply.headers["content-type"] == "application/json"
    assert json.loads(reply.body) == {"predictions": [prediction(predictor)]}


def test_json_lines_get_json_lines(server: Server, predictor: Predictor) -> None:
    lines = '{"rooms": 1.5, "people": 2, "sea": "INLAND"}\n{"rooms": 1.5, "people": 2, "sea": "INLAND"}\n'
    reply = invoke(server, lines, "application/jsonlines")

    assert [json.loads(line) for line in reply.body.splitlines()] == [
        {"prediction": prediction(predictor)}
    ] * 2


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/json", "application/json"),
        ("text/html, application/json;q=0.9", "application/json"),
        ("*/*", "text/csv"),
        ("text/*", "text/csv"),
        ("application/x-npy", "application/x-npy"),
    ],
)
def test_the_answer_is_of_an_accepted_type(server: Server, accept: str, content_type: str) -> None:
    assert invoke(server, ROW, accept=accept).headers["content-type"] == content_type


def test_a_type_that_cannot_be_written_is_not_acceptable(server: Server) -> None:
    assert invoke(server, ROW, accept="image/png").status == 406


def test_an_npy_matrix_of_text_or_named_fields_is_read(server: Server, predictor: Predictor) -> None:
    fields = np.array([(1.5, 2, "INLAND")], dtype=[("rooms", "f4"), ("people", "i8"), ("sea", "U10")])
    for array in (np.array([["1.5", "2", "INLAND"]]), fields):
        body = io.BytesIO()
        np.save(body, array)
        reply = invoke(server, body.getvalue(), "application/x-npy")

        assert reply.status == 200, reply.body
        assert np.load(io.BytesIO(reply.body)).tolist() == [prediction(predictor)]


def test_an_npy_header_that_promises_more_than_was_sent_costs_nothing(server: Server) -> None:
    body = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        body, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 3)}
    )
    reply = invoke(server, body.getvalue(), "application/x-npy")

    assert reply.status == 400
    assert b"and 0 were sent" in reply.body


def test_a_pickled_npy_array_is_refused(server: Server) -> None:
    body = io.BytesIO()
    np.save(body, np.array([[{}, 1, 2]], dtype=object), allow_pickle=True)

    assert b"unpickled" in invoke(server, body.getvalue(), "application/x-npy").body


def test_a_mistake_is_told_in_the_format_asked_for(server: Server) -> None:
    plain = invoke(server, "1,x,INLAND\n")
    structured = invoke(server, "1,x,INLAND\n", accept="application/json", x_request_id="abc-1")

    assert (plain.status, plain.body) == (
        400,
        b"row 1, column 'people': 'x' is not a whole number below 2^53\n",
    )
    assert json.loads(structured.body) == {
        "error": "row 1, column 'people': 'x' is not a whole number below 2^53",
        "row": 1,
        "column": "people",
        "request_id": "abc-1",
    }


def test_every_answer_carries_a_request_id_of_its_own_or_the_clients(server: Server) -> None:
    first, second = ask(server, request("GET", "/ping"), request("GET", "/ping"))
    own = ask(server, request("GET", "/ping", x_amzn_sagemaker_inference_id="mine<42>"))[0]

    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert own.headers["x-request-id"] == "mine42"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/invocations", 405), ("POST", "/ping", 405), ("HEAD", "/ping", 200)],
)
def test_paths_and_methods(server: Server, method: str, path: str, status: int) -> None:
    with server.connect() as peer:
        peer.sendall(request(method, path))
        assert f"HTTP/1.1 {status} ".encode() in peer.recv(4096)


def test_an_unknown_content_type_is_415(server: Server) -> None:
    assert invoke(server, "<row/>", "text/xml").status == 415
    assert invoke(server, ROW, "").status == 415


def test_a_body_too_large_is_413_before_it_is_sent(server: Server) -> None:
    with server.connect() as peer:
        peer.sendall(POST + b"content-type: text/csv\r\ncontent-length: 100001\r\n\r\n")
        reply, _ = read_reply(peer)

        assert reply.status == 413
        assert reply.headers["connection"] == "close"


def test_a_chunked_body_too_large_is_413_while_it_is_sent(server: Server) -> None:
    with server.connect() as peer:
        peer.sendall(POST + b"transfer-encoding: chunked\r\n\r\n")
        for _ in range(11):
            peer.sendall(b"2710\r\n" + b"1" * 10_000 + b"\r\n")
        assert read_reply(peer)[0].status == 413


def test_a_chunked_body_is_read(server: Server) -> None:
    with server.connect() as peer:
        peer.sendall(POST + b"content-type: text/csv\r\ntransfer-encoding: chunked\r\n\r\n")
        peer.sendall(b"4\r\n1.5,\r\n9\r\n2,INLAND\n\r\n0\r\n\r\n")
        assert read_reply(peer)[0].status == 200


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    bodies = [f"{number},2,INLAND\n".encode() for number in range(50)]
    together = ask(server, *(request("POST", "/invocations", body, "text/csv") for body in bodies))
    alone = [invoke(server, body) for body in bodies]

    assert [reply.body for reply in together] == [reply.body for reply in alone]


def test_a_request_may_arrive_byte_by_byte(server: Server) -> None:
    with server.connect() as peer:
        for byte in request("POST", "/invocations", ROW.encode(), "text/csv"):
            peer.sendall(bytes([byte]))
        assert read_reply(peer)[0].status == 200


def test_a_client_that_stops_sending_still_gets_its_answer(server: Server) -> None:

    with server.connect() as peer:
        peer.sendall(request("POST", "/invocations", ROW.encode(), "text/csv"))
        peer.shutdown(socket.SHUT_WR)
        assert read_reply(peer)[0].status == 200
        assert hangs_up(peer)


def test_a_client_that_asks_to_go_on_is_told_so(server: Server) -> None:
    with server.connect() as peer:
        whole = request("POST", "/invocations", ROW.encode(), "text/csv", expect="100-continue")
        head, _, body = whole.partition(b"\r\n\r\n")
        peer.sendall(head + b"\r\n\r\n")
        assert peer.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.sendall(body)
        assert read_reply(peer)[0].status == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"this is not HTTP\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nhost: test\r\nbroken header\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nhost: test\r\nx: " + b"a" * 5000, 431),
        (POST + b"content-length: -1\r\n\r\n", 400),
        (
            POST + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            400,
        ),
    ],
)
def test_what_is_not_http_is_refused_and_cut_off(server: Server, sent: bytes, status: int) -> None:
    with server.connect() as peer:
        peer.sendall(sent)
        assert read_reply(peer)[0].status == status
        assert hangs_up(peer)


def test_an_offer_to_upgrade_is_passed_over(server: Server) -> None:
    offer = b"\r\nconnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    invocation = request("POST", "/invocations", ROW.encode(), "text/csv").replace(b"\r\n", offer, 1)
    with server.connect() as peer:
        for sent in (invocation, invocation, request("GET", "/ping")):
            peer.sendall(sent)
            assert read_reply(peer)[0].status == 200


def test_a_client_that_wants_to_close_is_closed(server: Server) -> None:
    with server.connect() as peer:
        peer.sendall(request("GET", "/ping", connection="close"))
        assert read_reply(peer)[0].headers["connection"] == "close"
        assert hangs_up(peer)


def test_metrics_count_by_route_and_status(predictor: Predictor) -> None:
    with running(predictor) as server:
        invoke(server, ROW)
        invoke(server, "x\n")
        text = ask(server, request("GET", "/metrics"))[0].body.decode()

    assert 'route="invocations",status="200"} 1' in text
    assert 'route="invocations",status="400"} 1' in text
    assert "greenlight_request_seconds_count" in text


def test_batch_transform_is_told_how_to_split(server: Server) -> None:
    told = json.loads(ask(server, request("GET", "/execution-parameters"))[0].body)

    assert told == {"MaxConcurrentTransforms": 1, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 1}


def test_a_crash_in_the_model_costs_one_answer_and_not_the_process(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(matrix: object) -> None:
        raise ZeroDivisionError("secret detail")

    with running(predictor) as server:
        monkeypatch.setattr(predictor, "answers", crash)
        reply = invoke(server, ROW * 2)
        monkeypatch.undo()

        assert reply.status == 500
        assert reply.body == b"internal error: ZeroDivisionError\n"
        assert invoke(server, ROW).status == 200
    assert "secret detail" in capsys.readouterr().out


def test_a_model_that_is_not_the_one_that_was_evaluated_is_not_served(tmp_path):
    artefact.write(tmp_path, artefact_of(tree_model()))
    found = str(Predictor.load(tmp_path).manifest["model_hash"])
    for expected, failure in ((found, ""), ("", ""), ("0" * 64, "the one that was evaluated is 000")):
        service = Service.load(ServerSettings(model_directory=tmp_path, expected_model_hash=expected))
        assert failure in service.failure
        assert bool(service.failure) is bool(failure)
