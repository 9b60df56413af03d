from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inference.model.predictor import Predictor
from tests.unit.inference.models import predictor_of, tree_model
from tests.unit.inference.serving import Reply, Server, ask, request, running

INFER = "/v2/models/houses/infer"
ROWS: list[list[Any]] = [[1.5, 2, "INLAND"], [3.0, 4, None]]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return predictor_of(tree_model())


@pytest.fixture(scope="module")
def server(predictor: Predictor) -> Iterator[Server]:
    with running(predictor, model_name="houses") as found:
        yield found


@pytest.fixture(scope="module")
def classifier() -> Predictor:
    model = tree_model(outputs=3, link="softmax")
    return predictor_of(replace(model, classes=("low", "middle", "high")))


def infer(server: Server, document: Any, binary: bytes = b"") -> Reply:
    text = json.dumps(document).encode()
    headers = {"inference_header_content_length": str(len(text))} if binary else {}
    return ask(server, request("POST", INFER, text + binary, "application/json", **headers))[0]


def tensors(rows: list[list[Any]]) -> list[dict[str, Any]]:
    """One tensor a column."""
    kinds = (("rooms", "FP64"), ("people", "INT64"), ("sea", "BYTES"))
    return [
        {"name": name, "datatype": kind, "shape": [len(rows)], "data": [row[i] for row in rows]}
        for i, (name, kind) in enumerate(kinds)
    ]


def expected(predictor: Predictor) -> list[float]:
    return [float(x) for x in predictor.predict_matrix(np.array([[1.5, 2.0, 1.0], [3.0, 4.0, -2.0]]))]


def test_health_and_metadata_are_as_the_protocol_says(server: Server) -> None:
    paths = ("/v2/health/live", "/v2/health/ready", "/v2/models/houses/ready", "/v2", "/v2/models/houses")
    live, ready, model_ready, about, model = ask(server, *(request("GET", path) for path in paths))

    assert (live.status, ready.status, model_ready.status) == (200, 200, 200)
    assert json.loads(about.body)["extensions"] == ["binary_tensor_data"]
    described = json.loads(model.body)
    assert described["name"] == "houses"
    assert {"name": "sea", "datatype": "BYTES", "shape": [-1]} in described["inputs"]
    assert described["outputs"] == [{"name": "predict", "datatype": "FP64", "shape": [-1]}]


def test_an_unknown_model_is_not_found(server: Server) -> None:
    assert ask(server, request("GET", "/v2/models/other"))[0].status == 404


def test_one_tensor_a_column_is_answered(server: Server, predictor: Predictor) -> None:
    reply = infer(server, {"id": "7", "inputs": tensors(ROWS)})

    assert json.loads(reply.body) == {
        "model_name": "houses",
        "model_version": "1",
        "id": "7",
        "outputs": [{"name": "predict", "datatype": "FP64", "shape": [2], "data": expected(predictor)}],
    }


def test_columns_of_one_as_mlserver_sends_them_are_answered(server: Server, predictor: Predictor) -> None:
    inputs = tensors(ROWS)
    for entry in inputs:
        entry |= {"shape": [2, 1], "parameters": {"content_type": "np"}}

    assert json.loads(infer(server, {"inputs": inputs}).body)["outputs"][0]["data"] == expected(predictor)


def test_one_tensor_of_all_columns_is_answered(server: Server, predictor: Predictor) -> None:
    data = [["1.5", "2", "INLAND"], ["3.0", "4", ""]]
    entry = {"name": "rows", "datatype": "BYTES", "shape": [2, 3], "data": data}

    assert json.loads(infer(server, {"inputs": [entry]}).body)["outputs"][0]["data"] == expected(predictor)


def test_binary_tensors_are_read_and_written(server: Server, predictor: Predictor) -> None:
    blobs = [
        np.array([1.5, 3.0], dtype="<f4").tobytes(),
        np.array([2, 4], dtype="<i4").tobytes(),
        b"".join(struct.pack("<I", len(text)) + text for text in (b"INLAND", b"")),
    ]
    kinds = ("FP32", "INT32", "BYTES")
    inputs = [
        {"name": name, "datatype": kind, "shape": [2], "parameters": {"binary_data_size": len(blob)}}
        for name, kind, blob in zip(("rooms", "people", "sea"), kinds, blobs, strict=True)
    ]
    asked = [{"name": "predict", "parameters": {"binary_data": True}}]

    reply = infer(server, {"inputs": inputs, "outputs": asked}, b"".join(blobs))

    assert reply.headers["content-type"] == "application/octet-stream"
    end = int(reply.headers["inference-header-content-length"])
    output = json.loads(reply.body[:end])["outputs"][0]
    assert output["parameters"] == {"binary_data_size": 16}
    assert np.frombuffer(reply.body[end:], "<f8").tolist() == expected(predictor)


def test_a_classifier_gives_labels_and_probabilities(classifier: Predictor) -> None:
    with running(classifier, model_name="houses") as server:
        whole = json.loads(infer(server, {"inputs": tensors(ROWS)}).body)["outputs"]
        some = infer(
            server,
            {
                "inputs": tensors(ROWS),
                "outputs": [{"name": "predict"}],
                "parameters": {"binary_data_output": True},
            },
        )

    assert [output["name"] for output in whole] == ["predict", "predict_proba"]
    assert set(whole[0]["data"]) <= {"low", "middle", "high"}
    assert whole[1]["shape"] == [2, 3]
    assert sum(whole[1]["data"]) == pytest.approx(2.0)
    end = int(some.headers["inference-header-content-length"])
    assert some.body[end:].count(b"\0\0\0") == 2


def changed(index: int, **change: Any) -> dict[str, Any]:
    inputs = tensors(ROWS)
    inputs[index] |= change
    return {"inputs": inputs}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "expected an object with 'inputs'"),
        ({"inputs": []}, "expected an object with 'inputs'"),
        ({"inputs": [3]}, "an input is 3; expected an object with a name"),
        ({"inputs": tensors(ROWS)[:2]}, "the inputs lack 'sea'"),
        ({"inputs": [*tensors(ROWS), {**tensors(ROWS)[0], "name": "x"}]}, "the inputs have the unknown 'x'"),
        ({"inputs": [tensors(ROWS)[0], *tensors(ROWS)]}, "input 'rooms' is given twice"),
        (changed(0, shape=[3]), "column 'rooms': shape [3] takes 3 elements, and 2 were sent"),
        (changed(0, shape=[1, 2]), "column 'rooms': has the shape [1, 2]; expected [2] or [2, 1]"),
        (changed(0, shape=[-1]), "column 'rooms': shape [-1] is not a list of one or two sizes"),
        (changed(0, shape=[1 << 39, 1 << 39]), "elements, and 2 were sent"),
        (changed(0, shape=[2] * 65), "is not a list of one or two sizes"),
        (changed(0, shape=[True]), "shape [True] is not a list of one or two sizes"),
        (changed(0, shape=[10**400]), "the body is not JSON"),
        (changed(0, datatype="INT8", data=[1000, 1]), "row 1, column 'rooms': 1000 is not of datatype INT8"),
        (changed(0, datatype="UINT8", data=[1, -1]), "row 2, column 'rooms': -1 is not of datatype UINT8"),
        (changed(0, datatype="INT64", data=[1.5, 1]), "row 1, column 'rooms': 1.5 is not of datatype INT64"),
        (changed(0, datatype="FP128"), "column 'rooms': datatype 'FP128' is not one of BYTES, BOOL"),
        (changed(0, datatype=["FP64"]), "column 'rooms': datatype ['FP64'] is not one of"),
        (changed(0, data=[1, "x"]), "row 2, column 'rooms': 'x' is not of datatype FP64"),
        (changed(0, data=[1, True]), "row 2, column 'rooms': True is not of datatype FP64"),
        (changed(0, data=3), "column 'rooms': 'data' is 3; expected a list"),
        (changed(2, data=[1, 2]), "row 1, column 'sea': 1 is not of datatype BYTES"),
        (changed(0, parameters={"binary_data_size": 9}), "binary_data_size 9 does not fit the 0 bytes left"),
        (changed(0, parameters={"binary_data_size": -1}), "binary_data_size -1 does not fit"),
        ({"inputs": tensors([])}, "the body holds no row"),
        ({"inputs": tensors(ROWS), "outputs": [{"name": "x"}]}, "output 'x' is not one of predict"),
        ({"inputs": tensors(ROWS), "outputs": "x"}, "'outputs' is 'x'; expected a list"),
        (
            {"inputs": [{"name": "rows", "datatype": "FP64", "shape": [2], "data": [1, 2]}]},
            "the one input has the shape [2]; expected [rows, 3], or one tensor a column: rooms, people, sea",
        ),
    ],
)
def test_a_mistake_in_a_tensor_is_placed_and_explained(server: Server, document: Any, message: str) -> None:
    reply = infer(server, document)

    assert reply.status == 400
    assert message in json.loads(reply.body)["error"]


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (b"\x01\0\0", "text 1 is cut short"),
        (b"\x09\0\0\0INLAND", "text 1 is cut short"),
        (b"\x01\0\0\0\xff\x01\0\0\0a", "is not UTF-8"),
        (b"\x01\0\0\0a", "shape [2] takes 2 elements, and 1 were sent"),
    ],
)
def test_a_binary_text_cut_short_is_refused(server: Server, blob: bytes, message: str) -> None:
    document = changed(2, parameters={"binary_data_size": len(blob)})

    reply = infer(server, document, blob)

    assert reply.status == 400
    assert message in json.loads(reply.body)["error"]


def test_bytes_left_over_and_lengths_that_lie_are_refused(server: Server) -> None:
    left_over = infer(server, {"inputs": tensors(ROWS)}, b"rest")
    body = json.dumps({"inputs": tensors(ROWS)}).encode()
    too_long = ask(server, request("POST", INFER, body, inference_header_content_length="99999"))[0]
    no_number = ask(server, request("POST", INFER, body, inference_header_content_length="x"))[0]

    assert b"4 bytes are left over after the binary tensors" in left_over.body
    assert b"inference-header-content-length is 99999" in too_long.body
    assert (no_number.status, no_number.headers["connection"]) == (400, "close")
