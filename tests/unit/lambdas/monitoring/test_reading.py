"""Whatever the server reads and answers, the monitor reads back: formats, encodings, several rows, and what
is broken."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.dataset import DatasetContract
from inference.model import InputColumn
from lambdas.judge_quality.label_files import Label, LabelFileError, Refused, latest, read_file
from lambdas.monitoring.captures import BrokenLineError, Exchange, read_line
from lambdas.monitoring.requests import EVENT_ID, INFERENCE_ID, PREDICTION, PROBABILITIES, ROW, RequestReader
from lambdas.monitoring.training_rows import KEY, rows_of
from tests.unit.lambdas.evaluate_model import world

COLUMNS = (
    InputColumn("size", "number"),
    InputColumn("age", "integer"),
    InputColumn("region", "category", ("north",)),
)
AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def exchange(
    request: bytes, answer: bytes, kind: str = "text/csv", number: int = 1, back: str = ""
) -> Exchange:
    return Exchange(
        id=f"e{number}",
        inference_id="",
        time=AT,
        request_type=kind,
        request=request,
        answer_type=back or kind,
        answer=answer,
    )


def table_of(*exchanges: Exchange, is_classifier: bool = False) -> dict[str, list[object]]:
    found: dict[str, list[object]] = RequestReader(COLUMNS, is_classifier).read(exchanges).to_pydict()
    return found


@pytest.mark.parametrize(
    ("kind", "request_body", "answer"),
    [
        ("text/csv", b"1.5,2,north\n,3,new\n", b"10.0\n20.5\n"),
        ("text/csv", b"region,size,age\nnorth,1.5,2\nnew,,3\n", b"10.0\n20.5\n"),
        (
            "application/json",
            b'{"records": [{"size": 1.5, "age": 2, "region": "north"}, '
            b'{"size": null, "age": 3, "region": "new"}]}',
            b'{"predictions": [10.0, 20.5]}',
        ),
        (
            "application/json",
            b'{"instances": [[1.5, 2, "north"], [null, 3, "new"]]}',
            b'{"predictions": [10.0, 20.5]}',
        ),
        (
            "application/jsonlines",
            b'[1.5, 2, "north"]\n[null, 3, "new"]\n',
            b'{"prediction": 10.0}\n{"prediction": 20.5}\n',
        ),
        (
            "application/json",
            json.dumps(
                {
                    "inputs": [
                        {"name": "size", "datatype": "FP64", "shape": [2], "data": [1.5, None]},
                        {"name": "age", "datatype": "INT64", "shape": [2], "data": [2, 3]},
                        {"name": "region", "datatype": "BYTES", "shape": [2], "data": ["north", "new"]},
                    ]
                }
            ).encode(),
            b'{"outputs": [{"name": "predict", "datatype": "FP64", "shape": [2], "data": [10.0, 20.5]}]}',
        ),
    ],
)
def test_two_rows_are_the_same_in_every_format(kind: str, request_body: bytes, answer: bytes) -> None:
    found = table_of(exchange(request_body, answer, kind))
    assert found["age"] == [2.0, 3.0]
    assert found["region"] == ["north", "new"]
    assert found["size"] == [1.5, None]
    assert found[PREDICTION] == [10.0, 20.5]
    assert found[ROW] == [0, 1]
    assert found[EVENT_ID] == ["e1", "e1"]


def test_many_plain_rows_read_together_are_what_they_are_one_by_one() -> None:
    asked = [b"1.5,2,north", b",3,new ", b'-2e3,4,"a,b"', b"+7,5,"] * 10
    exchanges = [exchange(body + b"\n", b"1.25\n", number=n) for n, body in enumerate(asked)]
    together = RequestReader(COLUMNS, False).read(exchanges)
    single = [RequestReader(COLUMNS, False).read([one]) for one in exchanges]
    assert together.to_pylist() == [row for table in single for row in table.to_pylist()]


def test_a_classifiers_probabilities_are_kept_where_the_answer_has_them() -> None:
    body = b'{"predictions": ["yes"], "probabilities": [[0.2, 0.8]], "classes": ["no", "yes"]}'
    found = table_of(
        exchange(b'{"instances": [[1, 2, "north"]]}', body, "application/json"), is_classifier=True
    )
    assert (found[PREDICTION], found[PROBABILITIES]) == (["yes"], [[0.2, 0.8]])
    plain = table_of(exchange(b"1,2,north", b"yes\n"), is_classifier=True)
    assert (plain[PREDICTION], plain[PROBABILITIES]) == (["yes"], [None])


@pytest.mark.parametrize(
    "broken",
    [
        exchange(b"1,2", b"10.0\n"),
        exchange(b"1,2,north", b"10.0\n20.0\n"),
        exchange(b"x,2,north", b"10.0\n"),
        exchange(b"1,2,north", b'{"error": "no"}', back="application/json"),
        exchange(b"1,2,north", b"10.0\n", "image/png"),
        exchange(b"1,2,north", b"nan\n"),
        exchange(b"\xff\xfe", b"10.0\n"),
    ],
)
def test_what_nothing_reads_is_counted_and_stops_nothing_else(broken: Exchange) -> None:
    reader = RequestReader(COLUMNS, False)
    found = reader.read([exchange(b"1,2,north", b"10.0\n"), broken])
    assert (found.num_rows, reader.unreadable, len(reader.reasons)) == (1, 1, 1)


def line(**changes: object) -> dict[str, object]:
    part = {"observedContentType": "text/csv", "mode": "INPUT", "data": "MSwyLG5vcnRo", "encoding": "BASE64"}
    return {
        "captureData": {"endpointInput": part, "endpointOutput": {**part, "data": "1.0", "encoding": "CSV"}},
        "eventMetadata": {"eventId": "e", "inferenceTime": "2026-11-22T04:00:00Z", **changes},
        "eventVersion": "0",
    }


def test_a_line_in_base64_or_not_is_an_exchange() -> None:
    found = read_line(json.dumps(line(inferenceId="mine")).encode())
    assert (found.request, found.answer, found.inference_id, found.time) == (b"1,2,north", b"1.0", "mine", AT)
    assert base64.b64encode(found.request) == b"MSwyLG5vcnRo"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "nonsense", json.dumps(line(eventId="")), json.dumps(line(inferenceTime="yesterday"))],
)
def test_a_line_that_is_none_says_why(text: str) -> None:
    with pytest.raises(BrokenLineError):
        read_line(text.encode())


CONTRACT: DatasetContract = world.config().dataset


def labels_of(text: str, key: str = "labels/a.csv", at: datetime = AT) -> list[Label | Refused]:
    return list(read_file(text.encode(), key, at, CONTRACT))


def test_labels_are_read_by_the_targets_grammar_and_bad_ones_say_why() -> None:
    found = labels_of("inference_id,price\na,12.5\nb,much\n,3\nc,\n")
    assert [one.value for one in found if isinstance(one, Label)] == [12.5]
    reasons = [one.reason for one in found if isinstance(one, Refused)]
    assert [reasons[0], reasons[2]] == ["price 'much' is not a finite number", "price is missing"]
    assert "inference_id" in reasons[1]


@pytest.mark.parametrize("text", ["", "\n", "a,b\n1,2\n", "inference_id\nx\n"])
def test_a_file_that_is_none_of_labels_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(LabelFileError):
        labels_of(text)


def test_of_contradicting_labels_the_later_file_counts_and_what_is_said_again_is_counted() -> None:
    early = labels_of("inference_id,price\na,1\na,1\nb,2\n")
    late = labels_of("inference_id,label\na,5\n", "labels/b.csv", AT.replace(hour=5))
    found, repeated, corrected = latest([one for one in (*late, *early) if isinstance(one, Label)])
    assert (found["a", 0].value, found["b", 0].value) == (5.0, 2.0)
    assert (repeated, corrected) == (1, 1)


def contract_with(**dataset: object) -> DatasetContract:
    document = world.config().as_document()
    table: Any = {**document["dataset"], **dataset.pop("dataset", {})}  # type: ignore[dict-item]
    return type(world.config()).from_document({**document, "dataset": table, **dataset}).dataset


def test_a_row_without_its_own_identifier_is_known_by_the_inference_id() -> None:
    columns = [{"name": "id", "type": "text"}, *world.config().as_document()["dataset"]["columns"]]  # type: ignore[index]
    contract = contract_with(dataset={"columns": columns, "identifiers": ["id"]})
    table = RequestReader(COLUMNS, False).read([exchange(b"1,2,north\n3,4,south\n", b"1\n2\n")])
    rows, refused = rows_of(table, [7.0, 8.0], [{}, {"id": "own"}], contract, COLUMNS)
    assert refused == []
    assert rows.column("id").to_pylist() == ["e1", "own"]
    assert rows.column("price").to_pylist() == [7.0, 8.0]
    assert rows.column(KEY).to_pylist() == ["e1", "e1"]


def test_a_row_whose_group_nobody_named_is_set_aside() -> None:
    columns = [{"name": "shop", "type": "category"}, *world.config().as_document()["dataset"]["columns"]]  # type: ignore[index]
    contract = contract_with(dataset={"columns": columns}, split={"by": "group", "group": "shop"})
    table = RequestReader(COLUMNS, False).read([exchange(b"1,2,north\n3,4,south\n", b"1\n2\n")])
    rows, refused = rows_of(table, [7.0, 8.0], [{}, {"shop": "x"}], contract, COLUMNS)
    assert rows.column("shop").to_pylist() == ["x"]
    assert [(row, "shop" in reason) for _, row, reason in refused] == [(0, True)]


def test_an_inference_id_is_the_requests_own_where_it_has_one() -> None:
    found = RequestReader(COLUMNS, False).read([exchange(b"1,2,north", b"1\n")])
    assert found.column(INFERENCE_ID).to_pylist() == [None]
