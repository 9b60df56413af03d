"""text/csv: rows of the model's columns in order without a header, or any columns under a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np

from inference.errors import InvalidRequestError
from inference.formats.values import number_of, shown
from inference.model import FloatArray, InputColumn

Codes = Sequence[Mapping[str | None, float]]


def parse_csv(body: bytes, columns: Sequence[InputColumn], codes: Codes) -> FloatArray:
    """The matrix (n, columns); raises InvalidRequestError naming row, column and reason."""
    rows = [row for row in _read(body) if row]
    if not rows:
        raise InvalidRequestError("the body is empty; expected one row of values a line")
    order: list[int] | None = None
    width = len(columns)
    if _is_header(rows[0], columns):
        header = rows.pop(0)
        order, width = _order(header, columns), len(header)
        if not rows:
            raise InvalidRequestError("the body holds a header and no row")
    matrix = np.empty((len(rows), len(columns)))
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise InvalidRequestError(_width_reason(len(row), columns, order, width), row=number)
        fields = row if order is None else [row[position] for position in order]
        matrix[number - 1] = [
            number_of(_field(text, column), column, known, number)
            for text, column, known in zip(fields, columns, codes, strict=True)
        ]
    return matrix


def header_order(line: bytes, columns: Sequence[InputColumn]) -> list[int] | None:
    """The column of each field of a first line that holds exactly the columns' names, in any order."""
    names = line.rstrip(b"\r").split(b",")
    positions = {column.name.encode(): position for position, column in enumerate(columns)}
    if len(names) != len(columns) or set(names) != set(positions):
        return None
    return [positions[name] for name in names]


def _read(body: bytes) -> list[list[str]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            f"the body is not UTF-8: byte {error.start} is {body[error.start]:#x}"
        ) from error
    if "\0" in text:
        raise InvalidRequestError("the body holds a NUL character")
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        line = text.count("\n") + 1
        raise InvalidRequestError(f"the body is not CSV: {error} (at most line {line})") from error


def _field(text: str, column: InputColumn) -> str | None:
    return text if text else None


def _is_header(row: list[str], columns: Sequence[InputColumn]) -> bool:
    """A first row that names a column is a header, unless it can be read as a row of values."""
    names = {column.name for column in columns}
    named = [text.strip() for text in row if text.strip() in names]
    if not named or len(row) != len(columns):
        return bool(named)
    numbers = [text for text, column in zip(row, columns, strict=True) if not column.is_category]
    if numbers:
        return not all(_reads_as_number(text) for text in numbers)
    known = {text for column in columns for text in column.categories}
    return any(text not in known for text in named)


def _reads_as_number(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True


def _order(header: list[str], columns: Sequence[InputColumn]) -> list[int]:
    """Where each of the model's columns is in the header; unknown columns are refused."""
    names = [text.strip() for text in header]
    wanted = [column.name for column in columns]
    problems = []
    if lacking := [name for name in wanted if name not in names]:
        problems.append(f"the header lacks {', '.join(map(shown, lacking))}")
    if extra := [name for name in names if name not in wanted]:
        problems.append(f"the header has the unknown {', '.join(map(shown, extra[:10]))}")
    if double := sorted({name for name in names if names.count(name) > 1 and name in wanted}):
        problems.append(f"the header repeats {', '.join(map(shown, double))}")
    if problems:
        raise InvalidRequestError("; ".join(problems))
    return [names.index(name) for name in wanted]


def _width_reason(found: int, columns: Sequence[InputColumn], order: list[int] | None, width: int) -> str:
    names = ", ".join(column.name for column in columns)
    what = "the header has" if order is not None else "the model takes"
    return f"has {found} fields, and {what} {width}: {names}"
