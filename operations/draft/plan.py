"""Everything that a draft decides, before any of it is written or printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.dataset import RESERVED_PREFIX
from operations.draft import roles as r
from operations.draft.answers import Answer, answer_of, gaps_and_strays
from operations.draft.asking import Questions
from operations.draft.errors import DraftError
from operations.draft.kinds import Kind, decimal_mark, kinds_of
from operations.draft.leaks import Leak, leaks_of
from operations.draft.profile import ColumnProfile
from operations.draft.roles import Role, roles_of, target_of
from operations.draft.spellings import SENTINELS
from operations.draft.table import Table

_TOLERANCE_SHARE = 0.01
_SENTINEL_ROWS = 3
# With fewer rows than this that differ in any column but the target, a row is known by its place in the file.
FEW_DISTINCT_SHARE = 0.5
_SLICE_ROWS = 400  # of each value, so that a slice's figure is more than chance
_MAX_SLICE_VALUES = 10
_FEWEST_BUCKETS, _MOST_BUCKETS = 32, 512
_MOST_COUNTS = 32_000_000  # 256 MB while training, and a few times as much


@dataclass(frozen=True, kw_only=True)
class ColumnPlan:
    """One column of the draft."""

    profile: ColumnProfile
    kind: Kind
    role: Role

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def is_used(self) -> bool:
        return self.role.name != r.DROPPED


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The draft of one table. `bad_rows` is how many rows it sets aside, by its own reckoning."""

    table: Table
    target: ColumnProfile
    answer: Answer
    columns: tuple[ColumnPlan, ...]
    reading: dict[str, Any]
    leaks: tuple[Leak, ...]
    questions: tuple[str, ...]
    bad_rows: int
    distinct_rows: int

    @property
    def is_of_few_rows(self) -> bool:
        """Whether most rows are like others in all but the target, so that a split by what they hold would
        keep the answer to most of the holdout's rows from training."""
        return self.distinct_rows < FEW_DISTINCT_SHARE * self.rows and not self.named(r.IDENTIFIER)

    @property
    def rows(self) -> int:
        return self.table.rows

    @property
    def good_rows(self) -> int:
        return self.rows - self.bad_rows

    @property
    def buckets(self) -> int:
        """How many counts each text becomes: about as many as rows, as memory allows, all texts together."""
        texts = max(1, len(self.named(r.TEXT)))
        fitting = min(self.good_rows, _MOST_COUNTS // max(1, self.good_rows)) // texts
        return min(_MOST_BUCKETS, max(_FEWEST_BUCKETS, 1 << max(0, fitting.bit_length() - 1)))

    def named(self, role: str) -> list[str]:
        return [column.name for column in self.columns if column.role.name == role]

    @property
    def tolerance_share(self) -> float:
        """What the file itself needs, and a margin."""
        share = self.bad_rows / self.rows
        if share <= 0.8 * _TOLERANCE_SHARE:
            return _TOLERANCE_SHARE
        return min(0.95, math.ceil((1.25 * share + _TOLERANCE_SHARE) * 100) / 100)

    @property
    def slices(self) -> list[str]:
        """Columns of few values, each of them in rows enough to be judged by."""
        found = [
            column
            for column in self.columns
            if column.role.name == r.FEATURE
            and column.kind.type in ("category", "boolean")
            and 2 <= column.profile.distinct <= _MAX_SLICE_VALUES
            and column.profile.least_rows >= _SLICE_ROWS
        ]
        return [column.name for column in found[:2]]

    @property
    def times(self) -> list[str]:
        return [
            c.name for c in self.columns if c.kind.type in ("date", "timestamp") and c.role.name == r.FEATURE
        ]


def plan_of(table: Table, target_name: str, task: str = "", rare: frozenset[str] = frozenset()) -> Plan:
    """Decide everything; raises DraftError."""
    _check_names(table)
    columns, names = _named(table)
    target = target_of(columns, target_name)
    ask = Questions(table.engine)
    decimal = decimal_mark(columns, ask)
    kinds = kinds_of(columns, ask, decimal)
    target_kind = kinds[columns.index(target)]
    answer = answer_of(table, target, target_kind, ask, task, rare)
    planned = [
        ColumnPlan(profile=column, kind=kind, role=role)
        for column, kind, role in zip(columns, kinds, roles_of(columns, kinds, target), strict=True)
    ]
    features = [(c.profile, c.kind) for c in planned if c.role.name == r.FEATURE]
    leaks = leaks_of(
        table.engine, features, (target, target_kind), decimal, of_classes=answer.is_classification
    )
    strays = sum(c.kind.stray_rows for c in planned if c.is_used and c.role.name != r.TARGET)
    return Plan(
        table=table,
        target=target,
        answer=answer,
        columns=tuple(planned),
        reading=_reading(table, planned, decimal, names),
        leaks=tuple(leaks),
        questions=tuple(_questions(planned, answer, ask)),
        distinct_rows=ask.distinct_rows([c.index for c in columns if c is not target])
        if len(columns) > 1
        else 0,
        bad_rows=min(table.rows, gaps_and_strays(answer, target_kind) + strays),
    )


def _named(table: Table) -> tuple[list[ColumnProfile], dict[str, bool]]:
    """The columns that have a name, and which of the nameless kinds stand beside them."""
    columns = list(table.columns)
    found = {"index_column": False, "trailing_delimiter": False}
    if table.form and not columns[0].name:
        found["index_column"], columns = True, columns[1:]
    if table.form and columns and not columns[-1].name and not columns[-1].present:
        found["trailing_delimiter"], columns = True, columns[:-1]
    return columns, found


def _check_names(table: Table) -> None:
    """Raises DraftError where the header cannot name the columns of a contract."""
    line = table.form.skip_lines + 1 if table.form else 0
    where = f"{table.file}: line {line}" if line else f"{table.file}:"
    columns, _ = _named(table)
    places: dict[str, list[int]] = {}
    for column in columns:
        places.setdefault(column.name.casefold(), []).append(column.index + 1)
    if nameless := places.get(""):
        raise DraftError(
            f"{where} gives column {_and(nameless)} no name; write one there, or remove the column's "
            "delimiter from every line"
        )
    for column in columns:
        if "\n" in column.name or "\r" in column.name:
            raise DraftError(f"{where} names column {column.index + 1} over several lines; write it on one")
        if column.name.casefold().startswith(RESERVED_PREFIX):
            raise DraftError(
                f"{where} names column {column.index + 1} {column.name!r}: {RESERVED_PREFIX} is how the "
                "pipeline's own columns begin; rename it"
            )
        alike = places[column.name.casefold()]
        if len(alike) > 1:
            names = [c.name for c in columns if c.index + 1 in alike]
            same = "are the same" if len(set(names)) == 1 else "differ in case alone, which SQL does not see"
            raise DraftError(
                f"{where} names columns {_and(alike)} {' and '.join(map(repr, names))}, which {same}; "
                "rename all but one"
            )


def _and(numbers: Sequence[int]) -> str:
    texts = [str(number) for number in numbers]
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def _reading(
    table: Table, columns: Sequence[ColumnPlan], decimal: str, nameless: dict[str, bool]
) -> dict[str, Any]:
    """`[dataset.reading]`, of what is not plain CSV in UTF-8."""
    missing = dict.fromkeys(text for column in columns for text in column.kind.missing)
    found: dict[str, Any] = {}
    if table.form:
        found = {
            "delimiter": table.form.delimiter if table.form.delimiter != "," else "",
            "encoding": table.encoding if table.encoding != "utf-8" else "",
            "skip_lines": table.form.skip_lines,
            **nameless,
        }
    found |= {"decimal": decimal if decimal != "." else "", "missing": list(missing)}
    return {key: value for key, value in found.items() if value}


def _questions(columns: Sequence[ColumnPlan], answer: Answer, ask: Questions) -> list[str]:
    """What only a person knows."""
    found = [answer.question] if answer.question else []
    for column in columns:
        found += column.kind.notes
        if not column.is_used:
            continue
        sentinel = _sentinel(column)
        if sentinel:
            value, rows = sentinel
            found.append(
                f"{column.name!r} is {value} in {rows:,} rows, at the end of its range: if that stands for "
                f'a missing value, add missing = ["{value}"] to the column'
            )
        if column.kind.type == "integer" and _looks_like_days(column.profile):
            found.append(
                f"{column.name!r} looks like dates written as 20240131: if it is, write 2024-01-31 and "
                "draft again"
            )
        if column.kind.type == "integer" and _looks_like_seconds(column.profile):
            found.append(
                f"{column.name!r} looks like seconds or milliseconds since 1970: the model reads them as a "
                "number; for weekday and hour write timestamps such as 2024-01-31T10:15:00Z and draft again"
            )
    return found


def _sentinel(column: ColumnPlan) -> tuple[str, int] | None:
    """A number that is at the end of its column's range, often, and a usual mark of a gap."""
    span = column.kind.range
    if column.kind.type not in ("number", "integer") or not span:
        return None
    for value, rows in column.profile.common:
        try:
            number = float(value)
        except ValueError:
            continue
        if rows >= _SENTINEL_ROWS and number in SENTINELS and number in span:
            return value, rows
    return None


def _looks_like_seconds(profile: ColumnProfile) -> bool:
    """Whether all lie between 2000 and 2050, in seconds or thousandths of them, and hardly two are alike."""
    low, high = profile.minimum, profile.maximum
    if low is None or high is None or profile.distinct < profile.present / 2:
        return False
    return any(946_684_800 * unit <= low < high <= 2_524_608_000 * unit for unit in (1, 1000))


def _looks_like_days(profile: ColumnProfile) -> bool:
    low, high = profile.minimum, profile.maximum
    if low is None or high is None or not 19000101 <= low <= high <= 21001231:
        return False
    return all(
        1 <= int(value) // 100 % 100 <= 12 and 1 <= int(value) % 100 <= 31 for value, _ in profile.common
    )
