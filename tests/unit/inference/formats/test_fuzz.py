"""Bodies of every kind, near valid ones and far from them: a client's mistake is never the server's fault."""

from __future__ import annotations

import json
import os
import struct
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.errors import InvalidRequestError
from inference.formats.csv_body import parse_csv
from inference.formats.json_body import parse_json
from inference.http.messages import Request, Response
from inference.http.service import Service
from inference.http.settings import ServerSettings
from inference.model.predictor import Predictor
from tests.unit.inference.models import predictor_of, tree_model

# FUZZ_EXAMPLES=20000 makes a long run of it: seven kinds of bodies, so more than 100,000 of them, whose cost
# is held to their size too.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
COSTS_COUNT = EXAMPLES >= 10_000
# Processor time: what a body of some bytes may take, and each byte of a longer one.
MOST_SECONDS, MOST_SECONDS_A_BYTE = 0.1, 5e-6
many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
PREDICTOR = predictor_of(tree_model())
SERVICE = Service(PREDICTOR, ServerSettings())
MOST_REASON_BYTES = 4000
ALLOWED = {200, 400, 406, 413, 415}

numbers = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.sampled_from(
        ["", "nan", "inf", "-Infinity", "1e999", "0x1p3", "1_0", " 1", "+1", "-.5", "5.", "1e", "--1"]
    ),
    st.text(max_size=5),
)
fields = st.one_of(numbers, st.sampled_from(["INLAND", '"INLAND"', '"a,b"', '"', "NEAR BAY", "\ufeff", "\0"]))
lines = st.one_of(
    st.lists(fields, max_size=5).map(",".join), st.sampled_from(["rooms,people,sea", "sea,rooms"])
)
csv_bodies = st.lists(lines, max_size=6).flatmap(
    lambda rows: st.sampled_from(["\n", "\r\n", "\r"]).map(
        lambda end: end.join(rows).encode("utf-8", "surrogatepass")
    )
)
# Halves of a surrogate pair, which JSON can spell and no text can hold.
halves = st.sampled_from(["\ud800", "x\udfff", "\ude00\ud83d"])
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), halves),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["rooms", "people", "sea", "data", "columns", "records", "instances", "inputs", "x", "\ud800"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
TYPES = ["FP64", "FP32", "INT64", "BYTES", "BOOL", "UINT8"]
sizes = st.integers(-1, 20)
tensors = st.fixed_dictionaries(
    {
        "name": st.one_of(st.sampled_from(["rooms", "people", "sea", "rows"]), json_values),
        "datatype": st.one_of(
            st.sampled_from(["FP64", "FP32", "INT64", "BYTES", "BOOL", "UINT8"]), json_values
        ),
        "shape": st.one_of(
            st.lists(st.integers(-2, 4), max_size=3),
            st.lists(st.sampled_from([True, 1 << 39, 1 << 62, -1, 1.0]), max_size=70),
            json_values,
        ),
        "data": json_values,
        "parameters": st.one_of(
            st.just({}), st.builds(lambda n: {"binary_data_size": n}, st.integers(-1, 20))
        ),
    }
)


def send(path: str, content_type: str, body: bytes, json_length: int | None = None) -> Response:
    asked = Request()
    asked.method, asked.path, asked.content_type, asked.body = "POST", path, content_type, body
    asked.json_length = json_length
    answer = SERVICE.handle(asked)
    if COSTS_COUNT:
        most = MOST_SECONDS + MOST_SECONDS_A_BYTE * len(body)
        # The fastest of a few: a collection of the test's own garbage may fall into any of them.
        assert any(_seconds(asked) < most for _ in range(3)), f"{len(body)} bytes: {body[:200]!r}"
    return answer


def _seconds(asked: Request) -> float:
    began = time.thread_time()
    SERVICE.handle(asked)
    return time.thread_time() - began


def check(response: Response) -> None:
    assert response.status in ALLOWED, response.body
    assert response.status == 200 or len(response.body) < MOST_REASON_BYTES, response.body
    if response.status == 200 and response.content_type == "application/json":
        json.loads(response.body)


@many
@given(st.one_of(csv_bodies, st.binary(max_size=200)))
def test_any_csv_gets_an_answer_or_a_reason(body: bytes) -> None:
    check(send("/invocations", "text/csv", body))


@many
@given(st.one_of(json_values.map(lambda v: json.dumps(v).encode()), st.binary(max_size=200)))
def test_any_json_gets_an_answer_or_a_reason(body: bytes) -> None:
    check(send("/invocations", "application/json", body))
    check(send("/invocations", "application/jsonlines", body))


@many
@given(st.lists(tensors, max_size=4), st.binary(max_size=60), st.one_of(st.none(), st.integers(0, 400)))
def test_any_tensors_get_an_answer_or_a_reason(inputs: list[Any], rest: bytes, length: int | None) -> None:
    text = json.dumps({"inputs": inputs}).encode()
    check(
        send(
            "/v2/models/model/infer", "application/json", text + rest, len(text) if length is None else length
        )
    )


@many
@given(st.binary(max_size=120), st.binary(max_size=60))
def test_any_npy_gets_an_answer_or_a_reason(header: bytes, data: bytes) -> None:
    check(send("/invocations", "application/x-npy", header))
    framed = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data
    check(send("/invocations", "application/x-npy", framed))


npy_types = st.one_of(
    st.sampled_from(
        [
            "<f8",
            ">f4",
            "<f2",
            "<i8",
            "|b1",
            "|u1",
            "<U1",
            "<U70000",
            "|S3",
            "<c8",
            "|O",
            "<M8[D]",
            "|V4",
            "<f3",
        ]
    ).map(repr),
    st.sampled_from(
        [
            "('<f8', (3,))",
            "[('rooms', '<f8'), ('people', '<i4'), ('sea', '<U2')]",
            "[('rooms', '<f8', (2,)), ('people', '<i4'), ('sea', '<U2')]",
            "[('a', [('b', '<f8')])]",
            "[]",
            "{}",
            "1",
        ]
    ),
)
npy_sizes = st.one_of(
    st.integers(-2, 4), st.sampled_from([1 << 31, 1 << 63, 10**30, -(1 << 40), True, 1.5, "None", "'1'"])
)
npy_shapes = st.one_of(
    st.lists(npy_sizes, max_size=4).map(lambda sizes: "(" + "".join(f"{size}, " for size in sizes) + ")"),
    st.sampled_from(
        ["(1, 3)", "(2, 3)", "(3,)", "(" + "1, " * 65 + ")", "3", "None", "(" + "9" * 4400 + ",)"]
    ),
)


@many
@given(npy_types, npy_shapes, st.booleans(), st.binary(max_size=80))
def test_any_npy_header_gets_an_answer_or_a_reason(
    descr: str, shape: str, fortran: bool, data: bytes
) -> None:
    header = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}}}".encode()
    check(
        send(
            "/invocations",
            "application/x-npy",
            b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data,
        )
    )


REPEATED = [
    *(b",", b"\n", b"\r\n", b"\r", b'"', b'""', b'","', b"1,", b"1\n", b"rooms,", b"x,", b"[", b"{", b"[],"),
    *(b"[1],", b"9", b"-", b"1e", b" ", b"\t", b"\0", b"{}", b"{}\n", b'{"rooms":', b"1.5,2,INLAND\n", b"\\"),
    *(b'[1.5,2,"x"],', b"NaN,", b"null,", b"\xff", "é".encode(), b'{"x":1},', b'"a\nb",', b'"rooms":1,'),
]
KINDS = ["text/csv", "application/json", "application/jsonlines", "application/x-npy"]
STARTS = [b"", b"[", b'{"records":[', b'{"inputs":[', b'{"inputs":{"rooms":[', b'{"columns":[']
STARTS += [b"rooms,people,sea\n", b'"']


@settings(many, max_examples=max(50, EXAMPLES // 10))
@given(
    st.sampled_from(KINDS),
    st.sampled_from(STARTS),
    st.lists(st.sampled_from(REPEATED), min_size=1, max_size=3).map(b"".join),
    st.sampled_from([1000, 30_000, 100_000]),
    st.sampled_from([b"", b"]", b"]}", b"1]}"]),
)
def test_a_body_that_repeats_itself_costs_no_more_than_its_size(
    kind: str, start: bytes, piece: bytes, size: int, end: bytes
) -> None:
    body = start + piece * (size // len(piece)) + end
    check(send("/invocations", kind, body))
    check(send("/v2/models/model/infer", kind, body))


@many
@given(csv_bodies)
def test_the_compiled_reader_never_differs_from_pythons(body: bytes) -> None:
    if PREDICTOR.kernel is None:
        pytest.skip("no compiler on this machine")
    compiled = PREDICTOR.kernel.read_csv(body)
    if compiled is not None:
        assert np.array_equal(compiled, _by_python(PREDICTOR, body), equal_nan=True)


plain_values = st.one_of(
    st.none(), st.integers(), st.floats(), st.sampled_from(["INLAND", "x", "", "é", "1"])
)
plain_rows = st.one_of(
    st.lists(plain_values, min_size=2, max_size=4),
    st.dictionaries(st.sampled_from(["rooms", "people", "sea", "x"]), plain_values, min_size=2),
)
plain_documents = st.lists(plain_rows, max_size=3).flatmap(
    lambda rows: st.sampled_from(
        [
            rows,
            {"instances": rows},
            {"records": rows},
            {"data": rows},
            {"columns": ["sea", "people", "rooms"], "data": rows},
            {"columns": ["sea", "people"], "data": rows},
            {"data": rows, "columns": ["sea", "people", "rooms"]},
        ]
    )
)
# JSON that is almost right: a character dropped, doubled or changed.
damages = st.tuples(
    st.integers(0, 80), st.sampled_from(["", '"', ",", "0", "}", "]", " ", ".", "-", "e", "\\"])
)


@many
@given(plain_documents, st.one_of(st.none(), damages), st.booleans())
def test_the_compiled_json_reader_never_differs_from_pythons(
    document: Any, damage: tuple[int, str] | None, spaced: bool
) -> None:
    if PREDICTOR.kernel is None:
        pytest.skip("no compiler on this machine")
    text = json.dumps(document, indent=1 if spaced else None, ensure_ascii=False)
    if damage is not None:
        place, change = damage
        text = text[:place] + change + text[place + 1 :]
    body = text.encode()
    compiled = PREDICTOR.kernel.read_json(body)
    if compiled is not None:
        by_python = parse_json(body, PREDICTOR.columns, PREDICTOR.codes)
        assert np.array_equal(compiled, by_python, equal_nan=True)


def _by_python(predictor: Predictor, body: bytes) -> Any:
    try:
        return parse_csv(body, predictor.columns, predictor.codes)
    except InvalidRequestError as error:
        raise AssertionError(f"only Python refuses {body!r}: {error}") from error
