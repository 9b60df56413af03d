"""Each spelling of a value in every format of the server: accepted by all with one value, or by none.

Ingestion is held to the same table in tests/unit/lambdas/ingest_data/test_spelled.py.
"""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import numpy as np
import pytest

from contracts.values import Grammar
from inference.errors import InvalidRequestError
from inference.formats.bodies import read_body
from inference.formats.media_types import CSV, JSON, JSON_LINES, NPY
from inference.formats.npy_body import write_npy
from inference.formats.openinference import read_request
from inference.model import MISSING_CODE, UNKNOWN_CODE, FloatArray, InputColumn
from inference.model.predictor import Predictor
from tests.unit.contracts.value_spellings import REFUSED, SPELLINGS
from tests.unit.inference.models import predictor_of, tree_model

KNOWN = ("north", "a b")
VALUES = [spelling for spelling in SPELLINGS if spelling[0]["type"] != "text"]


def predictor_for(table: dict[str, Any]) -> Predictor:
    grammar = Grammar.from_document(
        table["type"], {key: value for key, value in table.items() if key != "type"}
    )
    categories = KNOWN if table["type"] == "category" else ()
    columns = (InputColumn("x", table["type"], categories, grammar), InputColumn("pad", "number"))
    return predictor_of(tree_model(columns=columns, steps=()))


def csv_body(text: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([text, "1"])
    return out.getvalue().encode()


def as_csv(predictor: Predictor, text: str) -> FloatArray:
    return read_body(predictor, CSV, csv_body(text))


def as_json(predictor: Predictor, text: str) -> FloatArray:
    return read_body(predictor, JSON, json.dumps({"records": [{"x": text, "pad": 1}]}).encode())


def as_json_lists(predictor: Predictor, text: str) -> FloatArray:
    return read_body(predictor, JSON, json.dumps({"instances": [[text, 1]]}, ensure_ascii=False).encode())


def as_json_lines(predictor: Predictor, text: str) -> FloatArray:
    return read_body(predictor, JSON_LINES, json.dumps({"x": text, "pad": 1}).encode())


def as_npy(predictor: Predictor, text: str) -> FloatArray:
    return read_body(predictor, NPY, write_npy(np.array([[text, "1"]])))


def as_v2(predictor: Predictor, text: str) -> FloatArray:
    inputs = [
        {"name": "x", "datatype": "BYTES", "shape": [1], "data": [text]},
        {"name": "pad", "datatype": "FP64", "shape": [1], "data": [1.0]},
    ]
    return read_request(predictor, json.dumps({"inputs": inputs}).encode(), None).matrix


FORMATS = (as_csv, as_json, as_json_lists, as_json_lines, as_npy, as_v2)


def wanted_number(table: dict[str, Any], wanted: object) -> float:
    if table["type"] != "category":
        return float(wanted)  # type: ignore[arg-type]  # a number, of any other type
    if wanted is None:
        return MISSING_CODE
    return float(KNOWN.index(wanted)) if wanted in KNOWN else UNKNOWN_CODE


@pytest.mark.parametrize(("table", "text", "wanted"), VALUES)
def test_every_format_reads_a_spelling_alike(table: dict[str, Any], text: str, wanted: object) -> None:
    predictor = predictor_for(table)
    for read in FORMATS:
        if wanted is REFUSED:
            with pytest.raises(InvalidRequestError):
                read(predictor, text)
            continue
        found = float(read(predictor, text)[0, 0])
        number = wanted_number(table, wanted)
        assert found == number or (math.isnan(found) and math.isnan(number)), read.__name__
