"""DataProcessing of a transform job: what of a record the model gets, and what is written with its answer.

Operators: SageMaker developer guide, "Associate Prediction Results with Input Records" (`$`, `.name`,
`['name', ...]`, `[n, ...]`, `[from:to]`). A CSV row is an array of its fields. Whatever else JSONPath has is
refused.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from localcloud.services.sagemaker.errors import UnsupportedOperationError

ALL = "$"
_STEP = re.compile(
    r"\.(?P<name>[A-Za-z_][A-Za-z0-9_-]*)"
    r"|\[(?P<indexes>-?\d+(?:\s*,\s*-?\d+)*)\]"
    r"|\[(?P<start>-?\d*):(?P<end>-?\d*)\]"
    r"|\[(?P<names>'[^']+'(?:\s*,\s*'[^']+')*)\]"
)
Step = Callable[[Any], Any]


class RecordError(ValueError):
    """A record cannot be filtered or joined; the text goes to the job's data log."""


class Filter:
    """One filter expression."""

    def __init__(self, expression: str, *, member: str) -> None:
        """Raises UnsupportedOperationError, which names the request's member."""
        self._steps: list[Step] = []
        self.is_all = expression == ALL
        self.skipped = _skipped(expression)
        """Fields that it leaves out at the front, where that is all it does; else None."""
        rest = expression[1:] if expression.startswith(ALL) else " "
        while rest:
            match = _STEP.match(rest)
            if match is None:
                raise UnsupportedOperationError(
                    f"DataProcessing.{member} {expression!r} is not a path that the embedded cloud follows: "
                    "it knows $, .name, ['name', ...], [n, ...] and [from:to]"
                )
            self._steps.append(_step(match))
            rest = rest[match.end() :]

    def __call__(self, record: Any) -> Any:
        """The chosen part; raises RecordError."""
        for step in self._steps:
            record = step(record)
        return record


def filter_csv(chosen: Filter, lines: Sequence[bytes]) -> list[bytes]:
    """The chosen fields of each line."""
    if chosen.is_all:
        return list(lines)
    if chosen.skipped is not None and not any(b'"' in line for line in lines):
        try:
            return [line.split(b",", chosen.skipped)[chosen.skipped] for line in lines]
        except IndexError:
            raise RecordError(f"a row has fewer than {chosen.skipped + 1} fields") from None
    return [_csv_line(chosen(_csv_fields(line))) for line in lines]


def join_csv(lines: Sequence[bytes], answers: Sequence[bytes], chosen: Filter) -> list[bytes]:
    """Each line with its answer behind it, and of that the chosen fields."""
    joined = [line.rstrip(b"\r") + b"," + answer for line, answer in zip(lines, answers, strict=True)]
    return filter_csv(chosen, joined)


def filter_json(chosen: Filter, lines: Sequence[bytes]) -> list[bytes]:
    """The chosen part of each JSON line."""
    return list(lines) if chosen.is_all else [_json_line(chosen(_json_of(line))) for line in lines]


def join_json(lines: Sequence[bytes], answers: Sequence[bytes], chosen: Filter) -> list[bytes]:
    """Each record with its answer as SageMakerOutput; one that is no object goes under SageMakerInput."""
    joined = []
    for line, answer in zip(lines, answers, strict=True):
        record = _json_of(line)
        whole = record if isinstance(record, dict) else {"SageMakerInput": record}
        joined.append(_json_line(chosen({**whole, "SageMakerOutput": _json_of(answer)})))
    return joined


def _skipped(expression: str) -> int | None:
    match = re.fullmatch(r"\$\[(\d+):\]", expression)
    return int(match[1]) if match else None


def _step(match: re.Match[str]) -> Step:
    if match["name"]:
        return lambda record: _member(record, match["name"])
    if match["names"]:
        names = re.findall(r"'([^']+)'", match["names"])
        return lambda record: {name: _member(record, name) for name in names}
    if match["indexes"]:
        indexes = [int(text) for text in match["indexes"].split(",")]
        return lambda record: [_item(record, index) for index in indexes]
    start, end = (int(text) if text else None for text in (match["start"], match["end"]))
    return lambda record: _array(record)[start:end]


def _member(record: Any, name: str) -> Any:
    if not isinstance(record, dict) or name not in record:
        raise RecordError(f"a record has no {name!r}")
    return record[name]


def _item(record: Any, index: int) -> Any:
    try:
        return _array(record)[index]
    except IndexError:
        raise RecordError(f"index {index} is outside of a record with {len(record)} fields") from None


def _array(record: Any) -> list[Any]:
    if not isinstance(record, list):
        raise RecordError("a record is no array")
    return record


def _csv_fields(line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode("utf-8")], strict=True), [])
    except (csv.Error, UnicodeDecodeError) as problem:
        raise RecordError(f"a row is not CSV: {problem}") from None


def _csv_line(fields: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(_array(fields))
    return text.getvalue().encode()


def _json_of(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError as problem:
        raise RecordError(f"a line is not JSON: {problem}") from None


def _json_line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
