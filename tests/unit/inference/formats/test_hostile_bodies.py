"""Bodies made to break the reader of their format: each is the sender's mistake, and costs by its size."""

from __future__ import annotations

import codecs
import io
import json
import struct
from typing import Any

import numpy as np
import pytest

from inference.formats import limits
from inference.http.messages import Request, Response
from inference.http.service import Service
from inference.http.settings import ServerSettings
from inference.model import InputColumn
from tests.unit.inference.models import predictor_of, tree_model

SERVICE = Service(predictor_of(tree_model()), ServerSettings())
EVERY_TYPE = (
    InputColumn("rooms", "number"),
    InputColumn("people", "integer"),
    InputColumn("sea", "category", ("INLAND", "NEAR BAY")),
    InputColumn("owned", "boolean"),
    InputColumn("sold", "date"),
)
OF_EVERY_TYPE = Service(predictor_of(tree_model(columns=EVERY_TYPE, steps=())), ServerSettings())


def send(content_type: str, body: bytes, path: str = "/invocations", service: Service = SERVICE) -> Response:
    return service.handle(Request("POST", path, content_type, "application/json", "", body))


def npy(descr: str, shape: str, data: bytes = b"") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (npy("'<f8'", "(-1, 3)", b"0" * 24), "the shape is not a tuple of whole sizes"),
        (npy("'<f8'", "(True, 3)", b"0" * 24), "the shape is not a tuple of whole sizes"),
        (npy("'<f8'", f"({'1, ' * 65})", b"0" * 8), "65 dimensions"),
        (npy("'<f8'", f"({'9' * 400}, 3)"), "the shape is not a tuple of whole sizes"),
        (npy("'<f8'", f"({'9' * 5000}, 3)"), "its header cannot be read"),
        (npy("'<f8'", "(0, 3)"), "the body holds no row"),
        (npy("('<f8', (3,))", "(1,)", b"0" * 24), "fields that hold arrays"),
        (
            npy("[('rooms', '<f8', (2,)), ('people', '<i4'), ('sea', '<U1')]", "(1,)", b"0" * 24),
            "fields that hold arrays",
        ),
        (npy("'<U1'", "(1, 3)", b"\xff" * 12), "row 1, column 'rooms': holds what is no Unicode character"),
        (npy("'|S1'", "(1, 3)", b"\xff" * 3), "is not UTF-8"),
        (npy("'<U0'", "(1, 3)"), "are not read"),
        (npy("'<c16'", "(1, 3)", b"0" * 48), "are not read"),
        (npy("'<M8[D]'", "(1, 3)", b"0" * 24), "are not read"),
        (npy("'<f8'", "(1, 3)", b"\0\0\0\0\0\0\xf0\x7f" * 3), "inf is not a finite number"),
        (npy("'|O'", "(1, 3)", b"0" * 24), "unpickled"),
        (npy("'<f8'", "(1, 3)", b"")[:20], "its header cannot be read"),
    ],
)
def test_an_npy_body_that_cannot_be_rows_is_the_senders_mistake(body: bytes, reason: str) -> None:
    answer = send("application/x-npy", body)

    assert answer.status == 400, answer.body
    assert reason in json.loads(answer.body)["error"]


def test_texts_of_one_character_are_read_a_block_at_a_time() -> None:
    out = io.BytesIO()
    np.save(out, np.full((10_000, 3), "1"))

    assert len(json.loads(send("application/x-npy", out.getvalue()).body)["predictions"]) == 10_000


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("text/csv", b"rooms" + b",x" * 100_000, "the header has the unknown 'x'"),
        ("text/csv", b"," * 100_000, "row 1: has 100001 fields, and the model takes 3"),
        ("text/csv", b"1," * 300_000, "a line has 393"),
        ("text/csv", b"\n" * 2000, "more than 1000 empty lines"),
        ("text/csv", b"1,2,INLAND\n" + b"\r\n" * 2000, "more than 1000 empty lines"),
        ("application/jsonlines", b"\n" * 2000, "more than 1000 empty lines"),
        ("application/json", b'{"records": ' + b"[" * 900 + b"]" * 900 + b"}", "row 1"),
        ("application/json", b"[" * 100_000, "is not JSON"),
        ("application/json", b"[" + b"9" * 5000 + b"]", ""),
        ("application/json", b"[[NaN, " + b"9" * 5000 + b', "x"]]', ""),
        ("application/json", b"[[NaN," * 5000, "is not JSON"),
    ],
)
def test_a_body_without_bounds_is_refused_by_a_bounded_reason(
    content_type: str, body: bytes, reason: str
) -> None:
    answer = send(content_type, body)

    assert answer.status == 400, answer.body
    assert reason in json.loads(answer.body)["error"]
    assert len(answer.body) < 1000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/invocations", b'[{"rooms": NaN, "people": 2, "sea": "INLAND", "\\ud800": 1}]'),
        ("/invocations", b'[{"rooms": NaN, "people": 2, "sea": "\\udc00"}]'),
        ("/invocations", b'{"columns": ["\\ud800", "people", "sea"], "data": [[NaN, 2, "INLAND"]]}'),
        ("/v2/models/model/infer", b'{"inputs": [{"name": "\\ud800", "shape": [1], "data": [NaN]}]}'),
    ],
)
def test_half_a_surrogate_pair_beside_nan_is_no_json(path: str, body: bytes) -> None:
    """Python's parser, which is asked where NaN stands, takes what cannot be written into an answer."""
    answer = send("application/json", body, path)

    assert answer.status == 400
    assert "is not JSON" in json.loads(answer.body)["error"]


def test_a_pair_beside_nan_is_a_text() -> None:
    body = b'[{"rooms": NaN, "people": 2, "sea": "\\ud83d\\ude00"}]'

    assert send("application/json", body).status == 200


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/invocations", [{"rooms": 1, "people": 2, "sea": "INLAND", "x" * 100_000: 1}]),
        ("/v2/models/model/infer", {"inputs": [{"name": "x" * 100_000, "datatype": "no"}]}),
    ],
)
def test_a_name_without_end_is_told_as_far_as_it_is_readable(path: str, document: Any) -> None:
    answer = send("application/json", json.dumps(document).encode(), path)

    assert answer.status == 400
    assert len(answer.body) < 1000


@pytest.mark.parametrize("content_type", ["application/json", "application/jsonlines"])
def test_a_byte_order_mark_before_json_means_nothing(content_type: str) -> None:
    body = b"[1.5, 2, null]" if content_type == "application/jsonlines" else b"[[1.5, 2, null]]"

    assert send(content_type, codecs.BOM_UTF8 + body).status == 200


def test_json_in_utf_16_is_told_to_be_no_utf_8() -> None:
    answer = send("application/json", "[[1, 2, null]]".encode("utf-16"))

    assert "the body is not UTF-8: byte 0 is 0xff" in json.loads(answer.body)["error"]


def test_more_lists_than_memory_should_hold_are_refused_before_they_are_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST_CONTAINERS", 100)

    answer = send("application/json", b"[" + b"[],[]," * 100 + b"[]]")

    assert answer.status == 400
    assert b"more than 100 lists and objects" in answer.body


def test_whatever_goes_wrong_while_reading_counts_against_no_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*arguments: object) -> None:
        raise ZeroDivisionError("in the reader")

    monkeypatch.setattr("inference.http.service.read_body", crash)
    monkeypatch.setattr("inference.http.service.openinference.read_request", crash)

    assert send("application/x-npy", b"x").status == 400
    assert send("application/json", b"{}", "/v2/models/model/infer").status == 400
    assert "in the reader" in capsys.readouterr().out


ROW: dict[str, Any] = {"rooms": 3.5, "people": 2, "sea": "INLAND", "owned": True, "sold": "2024-01-31"}


def tensors(**changed: Any) -> bytes:
    kinds = {"rooms": "FP64", "people": "FP64", "sea": "BYTES", "owned": "BOOL", "sold": "BYTES"}
    kinds |= changed.pop("kinds", {})
    row = ROW | changed
    return json.dumps(
        {"inputs": [{"name": n, "datatype": kinds[n], "shape": [1], "data": [v]} for n, v in row.items()]}
    ).encode()


def predicted(answer: Response) -> float:
    document = json.loads(answer.body)
    values = document["predictions"] if "predictions" in document else document["outputs"][0]["data"]
    return float(values[0])


@pytest.mark.parametrize("owned", [True, 1, 1.0, "true", "1", "1.0", "yes", "t"])
def test_the_spellings_of_true_are_one_value_in_every_format(owned: Any) -> None:
    """Case 10: pandas writes a boolean column with a missing value as 1.0; the metadata announced FP64."""
    expected = predicted(send("application/json", json.dumps([ROW]).encode(), service=OF_EVERY_TYPE))
    bodies = {
        "application/json": json.dumps([ROW | {"owned": owned}]).encode(),
        "application/jsonlines": json.dumps(ROW | {"owned": owned}).encode(),
        "text/csv": f"3.5,2,INLAND,{owned},2024-01-31\n".encode(),
    }
    for content_type, body in bodies.items():
        answer = send(content_type, body, service=OF_EVERY_TYPE)
        assert predicted(Response(200, "", answer.body.splitlines()[0])) == expected, content_type


def test_what_the_metadata_announces_is_accepted() -> None:
    path = "/v2/models/model"
    announced = json.loads(OF_EVERY_TYPE.handle(Request("GET", path)).body)["inputs"]
    kinds = {entry["name"]: entry["datatype"] for entry in announced}
    answer = send("application/json", tensors(kinds=kinds), f"{path}/infer", OF_EVERY_TYPE)
    as_float = tensors(kinds=kinds | {"owned": "FP64"}, owned=1.0)

    assert kinds["owned"] == "BOOL"
    assert answer.status == 200
    assert predicted(send("application/json", as_float, f"{path}/infer", OF_EVERY_TYPE)) == predicted(answer)


def test_the_empty_text_of_a_category_is_missing_in_every_format() -> None:
    """Case 12: JSON took it for a category that training never saw."""
    missing = send("application/json", json.dumps([ROW | {"sea": None}]).encode(), service=OF_EVERY_TYPE)
    for content_type, body in (
        ("application/json", json.dumps({"records": [ROW | {"sea": ""}]}).encode()),
        ("application/jsonlines", json.dumps(ROW | {"sea": ""}).encode()),
        ("text/csv", b"3.5,2,,true,2024-01-31\n"),
        ("text/csv", b'3.5,2,"",true,2024-01-31\n'),
        ("application/json", tensors(sea="")),
    ):
        answer = send(content_type, body, service=OF_EVERY_TYPE)
        assert predicted(answer) == predicted(missing), body
    one_row = [json.dumps([[1.5, 2, sea]]).encode() for sea in ("", None)]
    assert len({predicted(send("application/json", body)) for body in one_row}) == 1


@pytest.mark.parametrize(
    "form",
    [
        {"dataframe_split": {"index": [0], "columns": list(ROW), "data": [list(ROW.values())]}},
        {"dataframe_records": [ROW], "params": {}},
        {"inputs": [ROW]},
        {"inputs": [list(ROW.values())]},
        {"inputs": {name: [value] for name, value in ROW.items()}},
        {"inputs": {name: [[value]] for name, value in ROW.items()}},
        {"inputs": ROW},
        json.loads(tensors()),
    ],
)
def test_what_an_mlflow_scoring_server_takes_is_taken(form: Any) -> None:
    expected = predicted(send("application/json", json.dumps([ROW]).encode(), service=OF_EVERY_TYPE))

    assert predicted(send("application/json", json.dumps(form).encode(), service=OF_EVERY_TYPE)) == expected


def test_nan_as_mlflows_clients_write_it_is_missing() -> None:
    body = json.dumps(
        {"dataframe_split": {"columns": list(ROW), "data": [[float("nan"), *list(ROW.values())[1:]]]}}
    )

    assert b"NaN" in body.encode()
    assert send("application/json", body.encode(), service=OF_EVERY_TYPE).status == 200


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"dataframe_split": [1]}, "'dataframe_split' is [1]; expected columns and data"),
        ({"inputs": {"rooms": [1]}}, "'inputs' lacks ['owned'"),
        ({"inputs": {name: [] for name in ROW}}, "the body holds no row"),
        ({"inputs": {**{name: [1] for name in ROW}, "sold": []}}, "column 'sold': has 0 values"),
    ],
)
def test_a_mistake_in_mlflows_forms_is_explained(form: Any, reason: str) -> None:
    answer = send("application/json", json.dumps(form).encode(), service=OF_EVERY_TYPE)

    assert answer.status == 400
    assert reason in json.loads(answer.body)["error"]


def test_binary_tensors_come_through_an_endpoint_by_tritons_content_type() -> None:
    blobs = [
        np.array([1.5], "<f8").tobytes(),
        np.array([2], "<i8").tobytes(),
        struct.pack("<I", 6) + b"INLAND",
    ]
    inputs = [
        {"name": n, "datatype": k, "shape": [1], "parameters": {"binary_data_size": len(blob)}}
        for n, k, blob in zip(("rooms", "people", "sea"), ("FP64", "INT64", "BYTES"), blobs, strict=True)
    ]
    text = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    kind = "application/vnd.sagemaker-triton.binary+json;json-header-size="

    answer = send(f"{kind}{len(text)}", text + b"".join(blobs))

    assert answer.content_type.startswith(kind)
    length = int(answer.content_type.rpartition("=")[2])
    assert np.frombuffer(answer.body[length:]).tolist() == [predicted(send("text/csv", b"1.5,2,INLAND\n"))]
    assert send(kind + "x", text).status == 400
