"""application/json as rows, in the forms that clients send.

{"records": [..]}, {"columns": [..], "data": [..]}, {"instances": [..]} or a list, and what MLflow's scoring
server takes: {"dataframe_split": ..}, {"dataframe_records": ..} and {"inputs": ..}. Source: MLflow's
mlflow/pyfunc/scoring_server (infer_and_parse_data).
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import orjson

from contracts.hashing import TextHashing
from inference.errors import InvalidRequestError
from inference.formats.limits import (
    LINES_TOGETHER,
    check_containers,
    check_empty_lines,
    check_entries,
    check_utf8,
)
from inference.formats.shown import shown
from inference.formats.values import (
    Codes,
    checked_numbers,
    entries_of,
    number_of,
    reads_as_numbers,
    width_of,
)
from inference.model import FloatArray, InputColumn

_FORMS = (
    '{"records": [{..}]}, {"columns": [..], "data": [[..]]}, {"instances": [..]}, {"inputs": {..}}, '
    '{"dataframe_split": {..}}, {"dataframe_records": [..]} or a list of rows'
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LISTS = ("records", "instances", "dataframe_records")


def parse_json(body: bytes, columns: Sequence[InputColumn], codes: Codes) -> FloatArray:
    """The matrix (n, columns); raises InvalidRequestError naming row, column and reason."""
    return read_document(load_json(body), columns, codes)


def load_json(body: bytes) -> Any:
    """The document of a body; NaN, which MLflow's clients write for a missing number, is null."""
    check_containers(body)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if body.startswith(codecs.BOM_UTF8):
            return load_json(body.removeprefix(codecs.BOM_UTF8))
        check_utf8(body)
        if b"NaN" in body:
            with suppress(ValueError, RecursionError):
                return _with_nan(body)
        raise InvalidRequestError(f"the body is not JSON: {str(error)[:200]}") from error


def _with_nan(body: bytes) -> Any:
    """Raises ValueError for halves of a surrogate pair too, which Python's parser takes: they are no texts,
    and could not be written into an answer."""
    document = json.loads(body.decode("utf-8"), parse_constant=_constant)
    if _SURROGATE.search(body):
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    return document


def _constant(text: str) -> None:
    if text != "NaN":
        raise ValueError(f"{text} is not a number of JSON")


def read_document(document: Any, columns: Sequence[InputColumn], codes: Codes) -> FloatArray:
    """The matrix (n, columns) of a parsed body in any of its forms."""
    if isinstance(document, dict) and isinstance(document.get("inputs"), dict):
        return _matrix_of(_by_column(document["inputs"], columns), columns, codes)
    rows, names = _rows(document, columns)
    if not rows:
        raise InvalidRequestError("the body holds no row")
    return _matrix(rows, names, columns, codes)


def parse_json_lines(body: bytes, columns: Sequence[InputColumn], codes: Codes) -> FloatArray:
    """application/jsonlines: one record, or one list of values, a line; empty lines are passed over."""
    check_containers(body)
    parts: list[FloatArray] = []
    rows: list[Any] = []
    read = empty = 0
    for line in io.BytesIO(body.removeprefix(codecs.BOM_UTF8)):
        if not line.strip():
            empty += 1
            check_empty_lines(empty, read)
            continue
        read += 1
        try:
            rows.append(orjson.loads(line))
        except orjson.JSONDecodeError as error:
            raise InvalidRequestError(f"is not JSON: {str(error)[:200]}", row=read) from error
        if len(rows) == LINES_TOGETHER:
            check_entries(read, sum(map(width_of, codes)), len(columns))
            parts.append(_part(rows, read, columns, codes))
            rows = []
    if not read:
        raise InvalidRequestError("the body holds no row")
    if rows:
        parts.append(_part(rows, read, columns, codes))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _part(rows: list[Any], read: int, columns: Sequence[InputColumn], codes: Codes) -> FloatArray:
    """The last rows read; mistakes are placed among all."""
    try:
        return _matrix(rows, None, columns, codes)
    except InvalidRequestError as error:
        row = None if error.row is None else error.row + read - len(rows)
        raise InvalidRequestError(error.reason, row=row, column=error.column) from error


def _rows(document: Any, columns: Sequence[InputColumn]) -> tuple[list[Any], list[str] | None]:
    """The rows, and the names of their positions where the body gives them. One bare record is a row."""
    if isinstance(document, list):
        return document, None
    if not isinstance(document, dict):
        raise InvalidRequestError(f"the body is {shown(document)}; expected {_FORMS}")
    for key in _LISTS:
        if key in document:
            return _list(document[key], key), None
    if "dataframe_split" in document:
        split = document["dataframe_split"]
        if not isinstance(split, dict) or "data" not in split:
            raise InvalidRequestError(f"'dataframe_split' is {shown(split)}; expected columns and data")
        return _split(split)
    if "data" in document:
        return _split(document)
    if isinstance(document.get("inputs"), list):
        return document["inputs"], None
    if any(column.name in document for column in columns):
        return [document], None
    raise InvalidRequestError(f"the body has the keys {shown(list(document))}; expected {_FORMS}")


def _split(document: Mapping[str, Any]) -> tuple[list[Any], list[str] | None]:
    names = document.get("columns")
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise InvalidRequestError(f"'columns' is {shown(names)}; expected a list of names")
    return _list(document["data"], "data"), names


def _by_column(given: Mapping[str, Any], columns: Sequence[InputColumn]) -> list[list[Any]]:
    """Values by column name: a list each, of which each element may stand in a list of its own."""
    wanted = [column.name for column in columns]
    if set(given) != set(wanted):
        lacking, extra = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
        raise InvalidRequestError(f"'inputs' lacks {lacking} or has the unknown {shown(extra)}")
    values = []
    for name in wanted:
        column = given[name] if isinstance(given[name], list) else [given[name]]
        values.append([v[0] if isinstance(v, list) and len(v) == 1 else v for v in column])
        if len(values[-1]) != len(values[0]):
            reason = f"has {len(values[-1])} values, and {wanted[0]!r} has {len(values[0])}"
            raise InvalidRequestError(reason, column=name)
    if not values[0]:
        raise InvalidRequestError("the body holds no row")
    return values


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
    return _matrix_of(values, columns, codes)


def _matrix_of(values: list[list[Any]], columns: Sequence[InputColumn], codes: Codes) -> FloatArray:
    width = sum(map(width_of, codes))
    check_entries(len(values[0]), width, len(columns))
    matrix = np.empty((len(values[0]), width))
    at = 0
    for given, column, known in zip(values, columns, codes, strict=True):
        if isinstance(known, TextHashing):
            for row, value in enumerate(given):
                matrix[row, at : at + known.buckets] = entries_of(value, column, known, row + 1)
        else:
            matrix[:, at] = _column(given, column, known)
        at += width_of(known)
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
    if reads_as_numbers(column) and kinds <= {int, float, type(None)}:
        numbers, refused = checked_numbers(_floats(values), column)
        if refused is None:
            return numbers
    return [number_of(value, column, codes, row) for row, value in enumerate(values, start=1)]


def _floats(values: list[Any]) -> FloatArray:
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError:  # a whole number beyond float64
        return np.array([np.inf])
