"""Files of labels as rows. Pure.

A label names its prediction by `inference_id` (what the caller sent, or the event's id where it sent none),
of a request of several rows also `row`, from 0, and says what came true in the target's own column, or in
`label`. Identifier, group and time columns may stand beside it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from contracts.dataset import DatasetContract
from contracts.values import ValueRefusedError, as_number

ID, ROW, LABEL = "inference_id", "row", "label"
SUFFIXES = (".csv", ".parquet")
_MAX_ID = 64  # of InferenceId (SageMaker Runtime API Reference, `InvokeEndpoint`)


class LabelFileError(ValueError):
    """The whole file says nothing; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What came true of one prediction. `value` is the target as its grammar reads it, a text of a class;
    `more` are the contract's other columns that the file has. `at` and `key` say which of two is the
    later."""

    id: str
    row: int
    value: float | str
    at: datetime
    key: str
    line: int
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> tuple[datetime, str, int]:
        return self.at, self.key, self.line


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row of labels that is set aside, and why."""

    key: str
    line: int
    id: str
    reason: str


def extra_columns(contract: DatasetContract) -> tuple[str, ...]:
    """What a label may say beside the target: what no request carries, and what a split goes by."""
    features = {column.name for column in contract.feature_columns}
    named = (*contract.identifiers, contract.split.group, contract.split.time, contract.weight)
    others = [column.name for column in contract.columns if column.name not in {*features, contract.target}]
    return tuple(dict.fromkeys([name for name in named if name] + others))


def read_file(content: bytes, key: str, at: datetime, contract: DatasetContract) -> Iterator[Label | Refused]:
    """Raises LabelFileError."""
    table = _table(content, key)
    names = table.column_names
    value_name = next((name for name in (contract.target, LABEL) if name in names), None)
    if ID not in names or value_name is None:
        raise LabelFileError(
            f"has the columns {', '.join(names)[:200]}; it needs {ID} and {contract.target} (or {LABEL})"
        )
    wanted = [name for name in extra_columns(contract) if name in names]
    columns = {name: table.column(name).to_pylist() for name in (ID, value_name, *wanted)}
    rows = table.column(ROW).to_pylist() if ROW in names else [0] * table.num_rows
    for place in range(table.num_rows):
        line, identity = place + 1, str(columns[ID][place] or "").strip()
        try:
            yield Label(
                id=_id(identity),
                row=_row(rows[place]),
                value=_target(columns[value_name][place], contract),
                at=at,
                key=key,
                line=line,
                more={name: contract.column(name).grammar.accept(columns[name][place]) for name in wanted},
            )
        except (ValueRefusedError, ValueError) as error:
            yield Refused(key=key, line=line, id=identity[:_MAX_ID], reason=str(error)[:200])


def _table(content: bytes, key: str) -> pa.Table:
    try:
        if key.lower().endswith(".parquet"):
            return pq.read_table(io.BytesIO(content))
        names = content.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8").strip()
        if not names:
            raise LabelFileError("is empty")
        # As texts: whether 0042 is a number, the column's grammar says.
        header = pacsv.read_csv(io.BytesIO(content), parse_options=pacsv.ParseOptions()).column_names
        options = pacsv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        )
        return pacsv.read_csv(io.BytesIO(content), convert_options=options)
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        raise LabelFileError(f"can't be read: {str(error)[:200]}") from error


def _id(text: str) -> str:
    if not text or len(text) > _MAX_ID:
        raise ValueError(f"{ID} {text[:20]!r} is empty or longer than {_MAX_ID} characters")
    return text


def _row(value: Any) -> int:
    text = "0" if value in (None, "") else str(value).removesuffix(".0")
    if not text.isdigit():
        raise ValueError(f"{ROW} {text[:20]!r} is no whole number from 0")
    return int(text)


def _target(value: Any, contract: DatasetContract) -> float | str:
    column = contract.column(contract.target)
    try:
        found = column.grammar.accept(value)
    except ValueRefusedError as error:
        raise ValueError(f"{contract.target} {str(value)[:40]!r} is not {error}") from error
    if found is None:
        raise ValueError(f"{contract.target} is missing")
    if column.allowed and str(found) not in column.allowed:
        raise ValueError(
            f"{contract.target} {str(found)[:40]!r} is none of {', '.join(column.allowed)[:100]}"
        )
    if contract.task == "classification":
        return str(found)
    number = as_number(found)
    low, high = column.minimum, column.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"{contract.target} {number:g} is outside of {low} to {high}")
    return number


def latest(labels: Sequence[Label]) -> tuple[dict[tuple[str, int], Label], int, int]:
    """The last word on each prediction, how many only said it again, and how many corrected it. Files stay
    where they are, so what was said before is never lost."""
    found: dict[tuple[str, int], Label] = {}
    repeated = corrected = 0
    for label in sorted(labels, key=lambda one: one.order):
        before = found.get((label.id, label.row))
        if before is not None:
            same = before.value == label.value and before.more == label.more
            repeated, corrected = repeated + same, corrected + (not same)
        found[label.id, label.row] = label
    return found, repeated, corrected
