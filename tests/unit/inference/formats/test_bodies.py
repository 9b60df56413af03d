from __future__ import annotations

import json as standard_json
import math
from typing import Any

import numpy as np
import orjson
import pytest

from inference.errors import InvalidRequestError, UnsupportedContentTypeError
from inference.formats import bodies
from inference.formats.csv_body import parse_csv
from inference.model import InputColumn
from inference.model.predictor import Predictor
from tests.unit.inference.models import predictor_of, tree_model

WITH_ALL_KINDS = (
    InputColumn("rooms", "number"),
    InputColumn("sea", "category", ("INLAND", "NEAR BAY")),
    InputColumn("sold", "date"),
    InputColumn("new", "boolean"),
)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return predictor_of(tree_model())


@pytest.fixture(scope="module")
def all_kinds() -> Predictor:
    return predictor_of(tree_model(columns=WITH_ALL_KINDS, steps=()))


def csv(predictor: Predictor, body: str | bytes) -> list[list[float]]:
    text = body.encode() if isinstance(body, str) else body
    return list(bodies.read_body(predictor, "text/csv", text).tolist())


def json(predictor: Predictor, body: Any) -> list[list[float]]:
    text = body if isinstance(body, bytes) else orjson.dumps(body)
    return list(bodies.read_body(predictor, "application/json", text).tolist())


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ("1,2,INLAND", [[1, 2, 1]]),
        ("1,2,INLAND\n", [[1, 2, 1]]),
        ("1,2,INLAND\r\n-3.5e1,+4,elsewhere\r\n", [[1, 2, 1], [-35, 4, -1]]),
        ('1,2,"<1H OCEAN"\n', [[1, 2, 2]]),
        ("1,2, INLAND\t", [[1, 2, 1]]),
        ("1 ,2,INLAND ", [[1, 2, 1]]),
        ("1,2.0,INLAND", [[1, 2, 1]]),
        ("1,2,", [[1, 2, -2]]),
        ("\n1,2,INLAND\n\n3,4,INLAND\n", [[1, 2, 1], [3, 4, 1]]),
        ("rooms,people,sea\n1,2,INLAND\n", [[1, 2, 1]]),
        ("sea,rooms,people\r\nINLAND,1,2\r\n", [[1, 2, 1]]),
        ('"sea","people","rooms"\nNEAR BAY,2,1\n', [[1, 2, 0]]),
        ("\ufeffrooms,people,sea\n1,2,INLAND\n", [[1, 2, 1]]),
        ("12345678901234567890123,1e3,NEAR BAY", [[12345678901234567890123.0, 1000, 0]]),
        ("2.2250738585072011e-308,4,NEAR BAY", [[2.2250738585072011e-308, 4, 0]]),
        ('1,2,"a ""quoted"", name"', [[1, 2, -1]]),
        ('1,2, "INLAND"\n', [[1, 2, 1]]),
        (' "1" ,\t"2",3\n1,"2"  ,\t"INLAND" \r\n', [[1, 2, -1], [1, 2, 1]]),
        ('\ufeff "1",2,"INLAND" ', [[1, 2, 1]]),
        ('1,2,"no, ""INLAND"" , x"\n', [[1, 2, -1]]),
    ],
)
def test_csv_is_read_in_column_order_or_by_its_header(
    predictor: Predictor, body: str, rows: list[list[float]]
) -> None:
    assert csv(predictor, body) == rows


def test_an_empty_number_is_missing(predictor: Predictor) -> None:
    assert math.isnan(csv(predictor, ",2,INLAND")[0][0])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "the body is empty"),
        ("\n\n", "the body is empty"),
        ("rooms,people,sea\n", "the body holds a header and no row"),
        ("1,2\n", "row 1: has 2 fields, and the model takes 3: rooms, people, sea"),
        ("1,2,INLAND\n1,2,INLAND,4\n", "row 2: has 4 fields"),
        ("1,2,INLAND\n1,x,INLAND\n", "row 2, column 'people': 'x' is not a whole number below 2^53"),
        ("1,nan,INLAND", "column 'people': 'nan' is not a whole number below 2^53; leave the field empty"),
        ("1,-Infinity,INLAND", "column 'people': '-Infinity' is not a whole number below 2^53"),
        ("1,1e999,INLAND", "column 'people': '1e999' is not a whole number below 2^53"),
        ("1,2.5,INLAND", "row 1, column 'people': '2.5' is not a whole number below 2^53"),
        ("1,9007199254740992,INLAND", "column 'people': '9007199254740992' is not a whole number below 2^53"),
        ("1,1_000,INLAND", "column 'people': '1_000' is not a whole number below 2^53"),
        ("1,0x10,INLAND", "column 'people': '0x10' is not a whole number below 2^53"),
        ("1,١,INLAND", "column 'people'"),
        ("rooms,sea\n1,INLAND", "the header lacks 'people'"),
        ("rooms,people,sea,price\n1,2,INLAND,3", "the header has the unknown 'price'"),
        ("rooms,rooms,people,sea\n1,1,2,INLAND", "the header repeats 'rooms'"),
        ("rooms,people,sea\n1,2\n", "row 1: has 2 fields, and the header has 3"),
        (b"1,2,\xff\n", "the body is not UTF-8: byte 4 is 0xff"),
        ("1,2,\0", "NUL"),
        ('1,2,"INLAND\n', "the body is not CSV"),
        ('1,2,"IN"LAND\n', "the body is not CSV"),
        ("1;2;INLAND\n", "row 1: has 1 fields"),
    ],
)
def test_a_csv_mistake_is_placed_and_explained(predictor: Predictor, body: str | bytes, message: str) -> None:
    with pytest.raises(InvalidRequestError) as found:
        csv(predictor, body)

    assert message in str(found.value)


def test_a_column_of_names_that_look_like_a_header_is_data_where_numbers_stand(predictor: Predictor) -> None:
    assert csv(predictor, "1,2,sea\n") == [[1, 2, -1]]


def test_dates_count_days_and_booleans_are_one_and_zero(all_kinds: Predictor) -> None:
    assert csv(all_kinds, "1,INLAND,1970-01-11,true\n") == [[1, 0, 10, 1]]
    assert json(all_kinds, [[1, "INLAND", "1969-12-31", False]]) == [[1, 0, -1, 0]]
    assert json(all_kinds, [[1, None, None, None]])[0][1] == -2


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([1, "INLAND", "11/01/1970", True], "column 'sold': '11/01/1970' is not a date such as 2024-01-31"),
        ([1, "INLAND", 19, True], "column 'sold': 19 is not a date such as 2024-01-31"),
        ([1, "INLAND", "1970-01-01", 2], "column 'new': 2 is not true or false"),
        ([1, "INLAND", "1970-01-01", "maybe"], "column 'new': 'maybe' is not true or false"),
        ([True, "INLAND", "1970-01-01", True], "column 'rooms': True is not a finite number"),
        ([1, 5, "1970-01-01", True], "column 'sea': 5 is not a text of one line"),
        ([[1], "INLAND", "1970-01-01", True], "column 'rooms': [1] is not a finite number"),
    ],
)
def test_a_json_value_of_the_wrong_kind_is_named(all_kinds: Predictor, row: list[Any], message: str) -> None:
    with pytest.raises(InvalidRequestError, match="row 1") as found:
        json(all_kinds, [row])

    assert message in str(found.value)


@pytest.mark.parametrize(
    "body",
    [
        {"records": [{"rooms": 1, "people": 2, "sea": "INLAND"}]},
        {"instances": [{"sea": "INLAND", "people": 2, "rooms": 1}]},
        {"instances": [[1, 2, "INLAND"]]},
        {"columns": ["sea", "people", "rooms"], "data": [["INLAND", 2, 1.0]]},
        {"data": [[1, 2, "INLAND"]]},
        [{"rooms": 1, "people": 2, "sea": "INLAND"}],
        [[1, 2, "INLAND"]],
        {"rooms": 1, "people": 2, "sea": "INLAND"},
    ],
)
def test_each_json_form_gives_the_same_row(predictor: Predictor, body: Any) -> None:
    assert json(predictor, body) == [[1, 2, 1]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b'[[Infinity, 2, "INLAND"]]', "the body is not JSON"),
        (b'[[NaN, 2, "INLAND"', "the body is not JSON"),
        (b"[[1e999, 2, null]]", "the body is not JSON: number is infinity"),
        ([], "the body holds no row"),
        ({"records": []}, "the body holds no row"),
        (3, "the body is 3; expected"),
        ({"rows": []}, "the body has the keys ['rows']; expected"),
        ({"records": {"rooms": 1}}, "'records' is {'rooms': 1}; expected a list of rows"),
        ({"records": [{"rooms": 1, "people": 2}]}, "row 1, column 'sea': is missing"),
        (
            {"records": [{"rooms": 1, "people": 2, "sea": None, "x": 1}]},
            "row 1, column 'x': is not a column of the model",
        ),
        ([[1, 2]], "row 1: has 2 values, and the model takes 3"),
        ([[1, 2, "INLAND"], {"rooms": 1}], "some rows are objects and some lists"),
        ([[1, 2, "INLAND"], 7], "row 2: is 7; expected"),
        ({"columns": ["rooms"], "data": [[1]]}, "'columns' lacks ['people', 'sea']"),
        ({"columns": "rooms", "data": [[1]]}, "'columns' is 'rooms'; expected a list of names"),
        ({"columns": ["rooms", "people", "sea"], "data": [{"rooms": 1}]}, "row 1: is {'rooms': 1}"),
        ([[1, "x", "INLAND"]], "row 1, column 'people': 'x' is not a whole number below 2^53"),
        ([[1, 10**400, "INLAND"]], "the body is not JSON"),
    ],
)
def test_a_json_mistake_is_placed_and_explained(predictor: Predictor, body: Any, message: str) -> None:
    encoded = body if isinstance(body, bytes) else standard_json.dumps(body).encode()
    with pytest.raises(InvalidRequestError) as found:
        json(predictor, encoded)

    assert message in str(found.value)


def test_numbers_in_texts_are_read_as_csv_reads_them(predictor: Predictor) -> None:
    assert json(predictor, [["1.5", 2, "INLAND"]]) == [[1.5, 2, 1]]


def test_an_unknown_content_type_is_refused(predictor: Predictor) -> None:
    with pytest.raises(UnsupportedContentTypeError, match="cannot read 'text/xml'; known are text/csv"):
        bodies.read_body(predictor, "text/xml", b"")


def test_the_compiled_reader_and_pythons_read_the_same(predictor: Predictor) -> None:
    if predictor.kernel is None:
        pytest.skip("no compiler on this machine")
    random = np.random.default_rng(3)
    numbers = [repr(float(x)) for x in random.normal(scale=10.0 ** random.integers(-300, 300, 400))]
    numbers += [
        f"{x:.{d}f}" for x, d in zip(random.normal(size=200), random.integers(0, 25, 200), strict=True)
    ]
    body = "".join(f"{a},{i},INLAND\n" for i, a in enumerate(numbers)).encode()

    compiled = predictor.kernel.read_csv(body)

    assert compiled is not None
    assert np.array_equal(compiled, parse_csv(body, predictor.columns, predictor.codes))
