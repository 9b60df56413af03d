"""application/json: {"records": [..]}, {"columns": [..], "data": [..]}, {"instances": [..]} or a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from inference.errors import InvalidRequestError
from inference.formats.values import number_of, shown
from inference.model import MISSING_CODE, UNKNOWN_CODE, FloatArray, InputColumn

Codes = Sequence[Mapping[str | None, float]]
_FORMS = '{"records": [{..}]}, {"columns": [..], "data": [[..]]}, {"instances": [..]} or a list of rows'


def parse_json(body: bytes, columns: Sequence[InputColumn], codes: Codes) -> FloatArray:
    """The matrix (n, columns); raises InvalidRequestError naming row, column and reason."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError(f"the body is not JSON: {error}") from error
    rows, names = _rows(document, columns)
    if not rows:
        raise InvalidRequestError("the body holds no row")
    return _matrix(rows, names, columns, codes)


def parse_json_lines(body: bytes, columns: Sequence[InputColumn], codes: Codes) -> FloatArray:
    """application/jsonlines: one record, or one list of values, a line; empty lines are passed over."""
    rows = []
    for line in body.splitlines():
        if not line.strip():
            continue
        try:
            rows.append(orjson.loads(line))
        except orjson.JSONDecodeError as error:
            raise InvalidRequestError(f"is not JSON: {error}", row=len(rows) + 1) from error
    if not rows:
        raise InvalidRequestError("the body holds no row")
    return _matrix(rows, None, columns, codes)


def _rows(document: Any, columns: Sequence[InputColumn]) -> tuple[list[Any], list[str] | None]:
    """The rows, and the names of their positions where the body gives them. One bare record is a row."""
    if isinstance(document, list):
        return document, None
    if not isinstance(document, dict):
        raise InvalidRequestError(f"the body is {shown(document)}; expected {_FORMS}")
    for key in ("records", "instances"):
        if key in document:
            return _list(document[key], key), None
    if "data" in document:
        names = document.get("columns")
        if names is not None and not (
            isinstance(names, list) and all(isinstance(name, str) for name in names)
        ):
            raise InvalidRequestError(f"'columns' is {shown(names)}; expected a list of names")
        return _list(document["data"], "data"), names
    if any(column.name in document for column in columns):
        return [document], None
    raise InvalidRequestError(f"the body has the keys {shown(list(document))}; expected {_FORMS}")


def _list(value: Any, key: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidRequestError(f"{key!r} is {shown(value)}; expected a list of rows")
    return value


def _matrix(
    rows: list[Any], names: list[str] | None, columns: Sequence[InputColumn], codes: Codes
) -> FloatArray:
    kinds = {type(row) for row in rows}
    if kinds == {dict} and names is None:
        values = _by_name(rows, columns)
    elif kinds == {list}:
        values = _by_position(rows, names, columns)
    else:
        raise _mixed(rows, names, columns)
    matrix = np.empty((len(rows), len(columns)))
    for position, (column, known) in enumerate(zip(columns, codes, strict=True)):
        matrix[:, position] = _column(values[position], column, known)
    return matrix


def _by_name(rows: list[dict[str, Any]], columns: Sequence[InputColumn]) -> list[list[Any]]:
    width = len(columns)
    try:
        values = [[row[column.name] for row in rows] for column in columns]
    except KeyError:
        values = []
    if not values or any(len(row) != width for row in rows):
        raise _wrong_keys(rows, columns)
    return values


def _wrong_keys(rows: list[dict[str, Any]], columns: Sequence[InputColumn]) -> InvalidRequestError:
    for number, row in enumerate(rows, start=1):
        if lacking := [column.name for column in columns if column.name not in row]:
            return InvalidRequestError(
                "is missing; write null for a missing value", row=number, column=lacking[0]
            )
        if extra := set(row) - {column.name for column in columns}:
            return InvalidRequestError("is not a column of the model", row=number, column=min(extra))
    return InvalidRequestError("a row does not match the model's columns")


def _by_position(
    rows: list[list[Any]], names: list[str] | None, columns: Sequence[InputColumn]
) -> list[list[Any]]:
    wanted = [column.name for column in columns]
    given = wanted if names is None else names
    if sorted(given) != sorted(wanted):
        lacking, extra = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
        raise InvalidRequestError(
            f"'columns' lacks {lacking}, has the unknown {shown(extra)}, or repeats a name"
        )
    for number, row in enumerate(rows, start=1):
        if len(row) != len(given):
            raise InvalidRequestError(
                f"has {len(row)} values, and the model takes {len(given)}: {', '.join(given)}", row=number
            )
    turned = dict(zip(given, zip(*rows, strict=True), strict=True))
    return [list(turned[name]) for name in wanted]


def _mixed(rows: list[Any], names: list[str] | None, columns: Sequence[InputColumn]) -> InvalidRequestError:
    wanted = "a list of values" if names is not None else "an object or a list of values"
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list if names is not None else list | dict):
            return InvalidRequestError(f"is {shown(row)}; expected {wanted}", row=number)
    return InvalidRequestError("some rows are objects and some lists; write all of them alike")


def _column(values: list[Any], column: InputColumn, codes: Mapping[str | None, float]) -> Any:
    """Whole columns of one plain type at once; anything unusual value by value."""
    kinds = set(map(type, values))
    if column.is_category and kinds <= {str, type(None)}:
        return [codes.get(value, UNKNOWN_CODE) if value is not None else MISSING_CODE for value in values]
    if not column.is_category and kinds <= {int, float, type(None)} and column.type in ("number", "integer"):
        try:
            numbers = np.array(values, dtype=np.float64)
        except OverflowError:
            numbers = np.array([np.inf])
        if not np.isinf(numbers).any():
            return numbers
    return [number_of(value, column, codes, row) for row, value in enumerate(values, start=1)]
