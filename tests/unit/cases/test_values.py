"""Values that training and the endpoint once read differently: each is taken by both alike, or by neither."""

from __future__ import annotations

import csv
import json
import math
from typing import Any

import duckdb
import numpy as np

from contracts.values import Grammar, ValueRefusedError, as_number
from inference.errors import InvalidRequestError
from inference.formats.bodies import read_body
from inference.formats.media_types import CSV, JSON, JSON_LINES
from inference.formats.openinference import read_request
from inference.model import MISSING_CODE, InputColumn
from inference.model.predictor import Predictor
from lambdas.datasets.checks import rules
from lambdas.datasets.checks.spelled import ANY_BYTES
from tests.unit.cases.found import CASES, needed
from tests.unit.inference.models import predictor_of, tree_model
from tests.unit.lambdas.ingest_data.uploads import config

pytestmark = needed


def by_training(kind: str, text: str) -> float | None:
    """What the typed Parquet holds, as a number; None for a refused text."""
    columns = [{"name": "x", "type": kind}, {"name": "value", "type": "number"}]
    contract = config(columns=columns).dataset
    odd = dict.fromkeys(("x", "value"), ANY_BYTES)
    query = rules.checked(contract, "(SELECT $text AS x, '1' AS value)", odd=odd)
    ((value, _, is_good),) = duckdb.execute(query, {"text": text}).fetchall()
    return as_number(value) if is_good else None


def by_endpoint(kind: str, text: str) -> float | None:
    columns = (InputColumn("x", kind, (), Grammar(type=kind)), InputColumn("pad", "number"))
    predictor = predictor_of(tree_model(columns=columns, steps=()))
    try:
        return float(read_body(predictor, CSV, f"{text},1\n".encode())[0, 0])
    except InvalidRequestError:
        return None


def by_grammar(kind: str, text: str) -> float | None:
    try:
        found = Grammar(type=kind).read(text)
    except ValueRefusedError:
        return None
    return None if found is None else as_number(found)


def test_training_and_endpoint_speak_one_language() -> None:
    with (CASES / "09-truth-values-and-dates/table.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) > 10
    for row in table:
        kind, text = row["column type"], row["text"]
        readings = {by_training(kind, text), by_endpoint(kind, text), by_grammar(kind, text)}
        assert len(readings) == 1, (kind, text, readings)


def shop() -> Predictor:
    kinds = {"rooms": "number", "people": "number", "sea": "category", "owned": "boolean", "sold": "date"}
    columns = tuple(
        InputColumn(name, kind, ("near", "far") if kind == "category" else (), Grammar(type=kind))
        for name, kind in kinds.items()
    )
    return predictor_of(tree_model(columns=columns, steps=()))


def test_an_empty_category_is_missing_in_every_format() -> None:
    predictor, rows = shop(), {}
    for line in (CASES / "12-empty-category/bodies.txt").read_text().splitlines():
        form, _, rest = line.partition(" ")
        for body in rest.split(" -> ")[0].split(" and "):
            if form in (JSON, JSON_LINES, CSV):
                rows[form, body.strip()] = read_body(predictor, form, body.strip().encode())[0]
    rows["V2", ""] = read_request(predictor, json.dumps({"inputs": v2_inputs()}).encode(), None).matrix[0]
    assert len(rows) == 5
    for way, row in rows.items():
        assert row[2] == MISSING_CODE or math.isnan(row[2]), way
        assert np.array_equal(row, rows["V2", ""]), way


def v2_inputs() -> list[dict[str, Any]]:
    values: dict[str, tuple[str, Any]] = {
        "rooms": ("FP64", 3.5),
        "people": ("FP64", 2.0),
        "sea": ("BYTES", ""),
        "owned": ("BOOL", True),
        "sold": ("BYTES", "2024-01-31"),
    }
    return [
        {"name": name, "datatype": kind, "shape": [1], "data": [value]}
        for name, (kind, value) in values.items()
    ]
