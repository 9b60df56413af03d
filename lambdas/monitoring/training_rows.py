"""Labelled predictions as rows of the contract, to be trained on. Pure.

Identity alone decides a row's side, so what identifies it must be the same in every later version: the
label's own identifier, group and time, or else the inference id and the inference's time. A row that can't be
told so is set aside, and so is one whose group nobody named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from contracts.dataset import Column, DatasetContract
from contracts.values import ValueRefusedError
from inference.model import InputColumn
from lambdas.monitoring.requests import EVENT_ID, INFERENCE_ID, ROW, TIME

ARROW: dict[str, pa.DataType] = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "category": pa.string(),
    "text": pa.string(),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What a feature is once the model's number for it is read back.
_BACK: dict[str, Callable[[Any], Any]] = {
    "number": float,
    "integer": round,
    "boolean": bool,
    "date": lambda days: date(1970, 1, 1) + timedelta(days=days),
    "timestamp": lambda seconds: _EPOCH + timedelta(seconds=seconds),
    "category": str,
    "text": str,
}
KEY, KEY_ROW = "greenlight_id", "greenlight_row"


class RowRefusedError(ValueError):
    """The row can't be trained on; the message says why."""


def schema_of(contract: DatasetContract) -> pa.Schema:
    """The contract's columns, and before them which prediction a row is of."""
    return pa.schema(
        [(KEY, pa.string()), (KEY_ROW, pa.int64()), *((c.name, ARROW[c.type]) for c in contract.columns)]
    )


def rows_of(
    table: pa.Table,
    targets: Sequence[Any],
    more: Sequence[Mapping[str, Any]],
    contract: DatasetContract,
    features: Sequence[InputColumn],
) -> tuple[pa.Table, list[tuple[str, int, str]]]:
    """Of labelled requests (as `requests.schema_of`) with their labels' targets and other columns: the rows,
    and each one set aside as (id, row, reason)."""
    names = {column.name for column in features}
    kept: list[dict[str, Any]] = []
    refused: list[tuple[str, int, str]] = []
    for row, target, others in zip(table.to_pylist(), targets, more, strict=True):
        identity = row[INFERENCE_ID] or row[EVENT_ID]
        try:
            values = {
                column.name: _value(column, row, target, others, contract, names)
                for column in contract.columns
            }
        except (RowRefusedError, ValueRefusedError, OverflowError) as error:
            refused.append((identity, row[ROW], str(error)[:200]))
            continue
        kept.append({KEY: identity, KEY_ROW: row[ROW], **values})
    return pa.Table.from_pylist(kept, schema=schema_of(contract)), refused


def _value(
    column: Column,
    row: Mapping[str, Any],
    target: Any,
    others: Mapping[str, Any],
    contract: DatasetContract,
    features: set[str],
) -> Any:
    name = column.name
    if name == contract.target:
        return column.grammar.accept(target)
    if others.get(name) is not None:
        return others[name]
    if name in features and name in row:
        value = row[name]
        if value is not None:
            return _BACK[column.type](value)
    else:
        value = _told_by_the_request(column, row, contract)
    if value is None and not column.nullable:
        raise RowRefusedError(
            f"{name} is missing, and the contract wants it: put the column beside the label"
        )
    return value


def _told_by_the_request(column: Column, row: Mapping[str, Any], contract: DatasetContract) -> Any:
    """What stands for a column that neither request nor label has."""
    name = column.name
    if name == contract.split.group:
        raise RowRefusedError(f"{name}, by which rows are split, is missing beside the label")
    if name == contract.split.time:
        return _time(column, row[TIME])
    if name in contract.identifiers:
        identity = row[INFERENCE_ID] or row[EVENT_ID]
        text = identity if row[ROW] == 0 else f"{identity}#{row[ROW]}"
        try:
            return column.grammar.accept(text)
        except ValueRefusedError as error:
            raise RowRefusedError(
                f"the inference id {text[:40]!r} is not {error}, which {name} must be: put {name} beside "
                "the label"
            ) from error
    return 1.0 if name == contract.weight else None


def _time(column: Column, moment: datetime) -> Any:
    at = moment.astimezone(UTC)
    if column.type == "date":
        return at.date()
    if column.type == "timestamp":
        return at
    raise RowRefusedError(f"{column.name} is {column.type}, which no clock tells: put it beside the label")
