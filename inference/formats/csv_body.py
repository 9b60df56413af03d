"""text/csv: rows of the model's columns in order without a header, or any columns under a header.

Rows are read one by one into numbers, so a body holds memory by its numbers and not by its texts.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from contracts.values import ValueRefusedError
from inference.errors import InvalidRequestError
from inference.formats.limits import (
    MOST_FIELD_CHARACTERS,
    check_empty_lines,
    check_entries,
    check_utf8,
)
from inference.formats.shown import shown_list
from inference.formats.values import Codes, entries_of, width_of
from inference.model import FloatArray, InputColumn

# Blanks around a quoted field mean nothing, as in an uploaded file. Such a field is taken as a whole, so that
# none is looked for inside of it; one whose quotes do not fit is left for the reader to refuse.
_BLANKS_AND_QUOTE = re.compile(rb'[ \t]"|"[ \t]')
_QUOTED = re.compile(rb'(?<![^,\r\n])[ \t]*+(?:("(?:[^"]++|"")*+")[ \t]*+(?=[,\r\n]|\Z)|(?="))')


def parse_csv(body: bytes, columns: Sequence[InputColumn], codes: Codes) -> FloatArray:
    """The matrix (n, entries); raises InvalidRequestError naming row, column and reason."""
    check_utf8(body)
    if b"\0" in body:
        raise InvalidRequestError("the body holds a NUL character")
    rows = _rows(body, len(columns))
    first = next(rows, None)
    if first is None:
        raise InvalidRequestError("the body is empty; expected one row of values a line")
    order: list[int] | None = None
    width, entries = len(columns), sum(map(width_of, codes))
    if _is_header(first, columns):
        order, width = _order(first, columns), len(first)
        first = next(rows, None)
        if first is None:
            raise InvalidRequestError("the body holds a header and no row")
    numbers = array("d")
    for number, row in enumerate(itertools.chain([first], rows), start=1):
        if len(row) != width:
            raise InvalidRequestError(_width_reason(len(row), columns, order, width), row=number)
        check_entries(number, entries, width)
        fields = row if order is None else [row[position] for position in order]
        for text, column, known in zip(fields, columns, codes, strict=True):
            numbers.extend(entries_of(text, column, known, number))
    return np.frombuffer(numbers).reshape(-1, entries)


def header_order(line: bytes, columns: Sequence[InputColumn]) -> list[int] | None:
    """The column of each field of a first line that holds exactly the columns' names, in any order."""
    if line.count(b",") + 1 != len(columns):
        return None
    names = line.removesuffix(b"\r").split(b",")
    positions = {column.name.encode(): position for position, column in enumerate(columns)}
    if set(names) != set(positions):
        return None
    return [positions[name] for name in names]


def _rows(body: bytes, width: int) -> Iterator[list[str]]:
    """Every row that is not an empty line."""
    body = body.removeprefix(codecs.BOM_UTF8)
    if _BLANKS_AND_QUOTE.search(body):
        body = _QUOTED.sub(rb"\1", body)
    text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="")
    reader = csv.reader(_lines(text, width), strict=True)
    rows = empty = 0
    try:
        for row in reader:
            if row:
                rows += 1
                yield row
            else:
                empty += 1
                check_empty_lines(empty, rows)
    except csv.Error as error:
        raise InvalidRequestError(f"the body is not CSV: {error} (at most line {reader.line_num})") from error


def _lines(text: io.TextIOWrapper, width: int) -> Iterator[str]:
    """Lines no longer than a row can be, so that no line is taken apart into fields without end."""
    longest = width * (MOST_FIELD_CHARACTERS + 3) + 2
    while line := text.readline(longest):
        if len(line) == longest:
            raise InvalidRequestError(
                f"a line has {longest} characters or more, which {width} fields cannot have"
            )
        yield line


def _is_header(row: list[str], columns: Sequence[InputColumn]) -> bool:
    """A first row that names a column is a header, unless it can be read as a row of values."""
    names = {column.name for column in columns}
    named = [text.strip() for text in row if text.strip() in names]
    if not named or len(row) != len(columns):
        return bool(named)
    readable = [(text, column) for text, column in zip(row, columns, strict=True) if not column.holds_texts]
    if readable:
        return not all(_reads(text, column) for text, column in readable)
    known = {text for column in columns for text in column.categories}
    return any(text not in known for text in named)


def _reads(text: str, column: InputColumn) -> bool:
    try:
        column.grammar.read(text)
    except ValueRefusedError:
        return False
    return True


def _order(header: list[str], columns: Sequence[InputColumn]) -> list[int]:
    """Where each of the model's columns is in the header; unknown columns are refused."""
    positions = {text.strip(): position for position, text in reversed(list(enumerate(header)))}
    counts = Counter(text.strip() for text in header)
    wanted = [column.name for column in columns]
    known = set(wanted)
    problems = []
    if lacking := [name for name in wanted if name not in positions]:
        problems.append(f"the header lacks {shown_list(lacking)}")
    if extra := [name for name in positions if name not in known]:
        problems.append(f"the header has the unknown {shown_list(sorted(extra, key=positions.__getitem__))}")
    if double := sorted(name for name, count in counts.items() if count > 1 and name in known):
        problems.append(f"the header repeats {shown_list(double)}")
    if problems:
        raise InvalidRequestError("; ".join(problems))
    return [positions[name] for name in wanted]


def _width_reason(found: int, columns: Sequence[InputColumn], order: list[int] | None, width: int) -> str:
    names = ", ".join(column.name for column in columns)
    what = "the header has" if order is not None else "the model takes"
    return f"has {found} fields, and {what} {width}: {names}"
