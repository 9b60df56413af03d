"""Rows that the model can answer, and rows that it can't with the reason that the endpoint would give.

The model's own reader decides, on the very bytes that its container will get: a row in a transform job that
the container refused would fail the whole job.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from inference.errors import InvalidRequestError
from inference.formats.bodies import read_csv
from inference.model.predictor import Predictor
from lambdas.prepare_batch.header import Header

CHUNK_ROWS = 5000


@dataclass(frozen=True)
class _Row:
    """`features` is what the container gets; `line` what the job's input holds."""

    number: int
    features: str
    line: str


@dataclass
class Chunk:
    """Rows that were read together."""

    rows: int = 0
    lines: list[str] = field(default_factory=list)
    """Of the job's input, without line breaks."""
    rejected: list[tuple[int, str]] = field(default_factory=list)
    """Number, from 1, and reason."""


def sort_rows(rows: Iterable[Sequence[str]], header: Header, predictor: Predictor) -> Iterator[Chunk]:
    """Chunk by chunk, each in the order of the file."""
    numbered = enumerate(rows, start=1)
    while taken := list(islice(numbered, CHUNK_ROWS)):
        chunk = Chunk(rows=len(taken))
        found: list[_Row] = []
        for number, row in taken:
            reason = _unfit(row, header)
            if reason:
                chunk.rejected.append((number, reason))
            else:
                found.append(_row(number, row, header))
        _judge(found, predictor, chunk)
        chunk.rejected.sort()
        yield chunk


def _unfit(row: Sequence[str], header: Header) -> str:
    if len(row) != len(header.names):
        return f"has {len(row)} fields, and the header has {len(header.names)}"
    if any("\n" in text or "\r" in text for text in row):
        return "a field holds a line break, at which SageMaker would cut the row in two"
    return ""


def _row(number: int, row: Sequence[str], header: Header) -> _Row:
    features = _csv_line([row[position] for position in header.features])
    before = [str(number), *(row[position] for position in header.carried)]
    return _Row(number, features, f"{_csv_line(before)},{features}")


def _csv_line(fields: Sequence[str]) -> str:
    line = ",".join(fields)
    if line.count(",") == len(fields) - 1 and '"' not in line and line:
        return line
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()


def _judge(rows: list[_Row], predictor: Predictor, chunk: Chunk) -> None:
    """All at once where the model reads all of them, else by halves: one wrong row costs a few readings."""
    if not rows:
        return
    body = "\n".join(row.features for row in rows).encode()
    try:
        # A first row that names columns would be read as a header, and so as no row.
        if len(read_csv(predictor, body)) == len(rows):
            chunk.lines += [row.line for row in rows]
            return
        reason = "is a header"
    except InvalidRequestError as error:
        column = f"column {error.column!r}: " if error.column is not None else ""
        reason = f"{column}{error.reason}"
    if len(rows) == 1:
        chunk.rejected.append((rows[0].number, reason))
        return
    half = len(rows) // 2
    _judge(rows[:half], predictor, chunk)
    _judge(rows[half:], predictor, chunk)
