"""Captured exchanges as a table: what was asked, typed as the model reads it, and what was answered. Pure.

Bodies go through the very readers of the server, so whatever it answered is read here too. Most traffic is
one plain row of CSV a request; such exchanges are read together, as one file, by Arrow's own reader.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from contracts import spellings
from inference.errors import InferenceError
from inference.formats import media_types, openinference
from inference.formats.csv_body import parse_csv
from inference.formats.json_body import parse_json, parse_json_lines
from inference.formats.npy_body import parse_npy
from inference.model import MISSING_CODE, FloatArray, InputColumn
from lambdas.monitoring.answers import Answers, UnreadableAnswerError, read_answer
from lambdas.monitoring.captures import Exchange

EVENT_ID, INFERENCE_ID, ROW = "greenlight_event_id", "greenlight_inference_id", "greenlight_row"
TIME, PREDICTION = "greenlight_time", "greenlight_prediction"
PROBABILITIES = "greenlight_probabilities"
# Fewer are quicker read one by one.
_TOGETHER = 20


def schema_of(columns: Sequence[InputColumn], *, is_classifier: bool) -> pa.Schema:
    """Numbers, dates among them, as the model reads them (days and seconds since 1970); texts as they are."""
    return pa.schema(
        [
            (EVENT_ID, pa.string()),
            (INFERENCE_ID, pa.string()),
            (ROW, pa.int32()),
            (TIME, pa.timestamp("us", "UTC")),
            (PREDICTION, pa.string() if is_classifier else pa.float64()),
            (PROBABILITIES, pa.list_(pa.float64())),
            *((column.name, pa.string() if column.holds_texts else pa.float64()) for column in columns),
        ]
    )


class Texts(dict[str | None, float]):
    """Gives every text that comes a code of its own, so that the server's readers keep it."""

    def get(self, key: str | None, default: Any = None) -> Any:
        if key is None:
            return MISSING_CODE
        return self.setdefault(key, float(len(self)))

    def of(self, codes: FloatArray) -> list[str | None]:
        texts = list(self)
        return [None if code < 0 else texts[int(code)] for code in codes]


@dataclass
class RequestReader:
    """Reads exchanges piece by piece; `unreadable` counts those whose request or answer nothing reads, and
    `reasons` keeps one example of each kind."""

    columns: tuple[InputColumn, ...]
    is_classifier: bool
    unreadable: int = 0
    reasons: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.schema = schema_of(self.columns, is_classifier=self.is_classifier)

    def read(self, exchanges: Iterable[Exchange]) -> pa.Table:
        plain: list[Exchange] = []
        others: list[Exchange] = []
        for exchange in exchanges:
            (plain if _is_one_plain_row(exchange) else others).append(exchange)
        together = self._together(plain) if len(plain) >= _TOGETHER else None
        if together is None:
            return self._one_by_one([*plain, *others])
        return pa.concat_tables([together, self._one_by_one(others)])

    def _one_by_one(self, exchanges: Sequence[Exchange]) -> pa.Table:
        codes = [Texts() for _ in self.columns]
        read: list[tuple[Exchange, FloatArray, Answers]] = []
        for exchange in exchanges:
            try:
                matrix = self._matrix(exchange, codes)
                answers = read_answer(exchange.answer_type, exchange.answer, is_classifier=self.is_classifier)
                if len(answers.predictions) != len(matrix):
                    raise UnreadableAnswerError(
                        f"{len(matrix)} rows were asked and {len(answers.predictions)} answered"
                    )
                read.append((exchange, matrix, answers))
            except (InferenceError, UnreadableAnswerError, ValueError) as error:
                self.unreadable += 1
                self.reasons.setdefault(type(error).__name__, str(error)[:200])
        return self._table(read, codes)

    def _matrix(self, exchange: Exchange, codes: Sequence[Texts]) -> FloatArray:
        kind, parameters = media_types.split(exchange.request_type)
        body = exchange.request
        if kind == media_types.CSV:
            return parse_csv(body, self.columns, codes)
        if kind == media_types.JSON and not openinference.is_request(body):
            return parse_json(body, self.columns, codes)
        if kind == media_types.JSON_LINES:
            return parse_json_lines(body, self.columns, codes)
        if kind == media_types.NPY:
            return parse_npy(body, self.columns, codes)
        if kind in (media_types.JSON, media_types.TRITON):
            length = parameters.get(media_types.TRITON_LENGTH)
            return openinference.read_matrix(self.columns, codes, body, int(length) if length else None)
        raise UnreadableAnswerError(f"a request of type {kind[:60]!r}")

    def _table(
        self, read: Sequence[tuple[Exchange, FloatArray, Answers]], codes: Sequence[Texts]
    ) -> pa.Table:
        sizes = np.array([len(matrix) for _, matrix, _ in read], dtype=np.int64)
        owner: list[int] = np.repeat(np.arange(len(read)), sizes).tolist()
        matrix = np.vstack([m for _, m, _ in read]) if read else np.empty((0, len(self.columns)))
        predictions = [value for _, _, answers in read for value in answers.predictions]
        shares = [
            share
            for (_, rows, answers) in read
            for share in (answers.probabilities or [None] * len(rows))  # type: ignore[list-item]
        ]
        arrays: dict[str, Any] = {
            EVENT_ID: [read[place][0].id for place in owner],
            INFERENCE_ID: [read[place][0].inference_id or None for place in owner],
            ROW: np.concatenate([np.arange(size) for size in sizes]) if read else [],
            TIME: [read[place][0].time for place in owner],
            PREDICTION: predictions,
            PROBABILITIES: shares,
        }
        for position, column in enumerate(self.columns):
            values = matrix[:, position]
            arrays[column.name] = (
                codes[position].of(values) if column.holds_texts else pa.array(values, from_pandas=True)
            )
        return pa.table(
            [
                pa.array(arrays[name], kind)
                for name, kind in zip(self.schema.names, self.schema.types, strict=True)
            ],
            schema=self.schema,
        )

    def _together(self, exchanges: Sequence[Exchange]) -> pa.Table | None:
        """All as one file; None where anything in it is out of the ordinary."""
        try:
            asked = _csv(b"\n".join(e.request.rstrip(b"\r\n") for e in exchanges), len(self.columns))
            answered = _csv(b"\n".join(e.answer.rstrip(b"\r\n") for e in exchanges), 1)
            if not len(asked) == len(answered) == len(exchanges):
                return None
            predictions = answered.column(0) if self.is_classifier else _numbers(answered.column(0))
            if predictions.null_count:
                return None
            columns = [_typed(asked.column(place), column) for place, column in enumerate(self.columns)]
        except (pa.ArrowInvalid, _NotPlainError):
            return None
        arrays = [
            pa.array([e.id for e in exchanges], pa.string()),
            pa.array([e.inference_id or None for e in exchanges], pa.string()),
            pa.array(np.zeros(len(exchanges), dtype=np.int32)),
            pa.array([e.time for e in exchanges], pa.timestamp("us", "UTC")),
            predictions.combine_chunks(),
            pa.nulls(len(exchanges), pa.list_(pa.float64())),
            *(values.combine_chunks() for values in columns),
        ]
        return pa.table(arrays, schema=self.schema)


class _NotPlainError(ValueError):
    """A column holds what only the grammar's own reader may decide."""


def _is_one_plain_row(exchange: Exchange) -> bool:
    csv = media_types.CSV
    return (
        exchange.request_type.startswith(csv)
        and exchange.answer_type.startswith(csv)
        and b"\n" not in exchange.request.rstrip(b"\r\n")
        and b"\n" not in exchange.answer.rstrip(b"\r\n")
    )


def _csv(content: bytes, width: int) -> pa.Table:
    names = [f"f{number}" for number in range(width)]
    return pacsv.read_csv(
        io.BytesIO(content),
        read_options=pacsv.ReadOptions(column_names=names, use_threads=True),
        parse_options=pacsv.ParseOptions(ignore_empty_lines=False),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )


def _typed(texts: pa.ChunkedArray, column: InputColumn) -> pa.ChunkedArray:
    if not column.grammar.is_plain or column.type not in ("number", "integer", "category", "text"):
        raise _NotPlainError(column.name)
    bare = pc.utf8_trim(texts, spellings.BLANKS)
    bare = pc.if_else(pc.equal(bare, ""), pa.scalar(None, pa.string()), bare)
    if column.holds_texts:
        return bare
    numbers = _numbers(bare)
    if column.type == "integer" and not pc.all(pc.equal(pc.floor(numbers), numbers)).as_py():
        raise _NotPlainError(column.name)
    return numbers


def _numbers(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Raises ArrowInvalid, or _NotPlainError where a number is none of the grammar's."""
    numbers = pc.cast(texts, pa.float64())
    if pc.all(pc.is_finite(numbers)).as_py() is False:
        raise _NotPlainError("not finite")
    return numbers
