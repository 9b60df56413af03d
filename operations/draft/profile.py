"""One look at every value of a table: per column, how its values are spelt, how many there are, and where."""
# ruff: noqa: S608 - SQL is made of column numbers and this package's own words

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from operations.draft.spellings import BLANK, MARKER, PLAIN_NUMBERS, spelling_sql

MOST_COMMON = 64
_COLUMNS_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Spelt:
    """The values of one column that share a spelling; `first_row` counts from 1."""

    rows: int
    distinct: int
    first_row: int
    first_value: str
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """One column by its spellings. `common` are its most frequent values and their rows, commonest first;
    `markers` those texts that stand for a missing one, as they are written."""

    name: str
    index: int
    rows: int
    spelt: dict[str, Spelt]
    common: tuple[tuple[str, int], ...] = ()
    markers: dict[str, int] = field(default_factory=dict)
    mean_words: float = 0.0
    longest: int = 0
    has_lines: bool = False
    least_rows: int = 0

    def count(self, *spellings: str) -> int:
        return sum(self.spelt[name].rows for name in spellings if name in self.spelt)

    def distinct_of(self, *spellings: str) -> int:
        return sum(self.spelt[name].distinct for name in spellings if name in self.spelt)

    @property
    def missing(self) -> int:
        return self.count(BLANK, MARKER)

    @property
    def present(self) -> int:
        return self.rows - self.missing

    @property
    def distinct(self) -> int:
        return sum(s.distinct for name, s in self.spelt.items() if name not in (BLANK, MARKER))

    @property
    def minimum(self) -> float | None:
        found = [
            s.minimum for name, s in self.spelt.items() if name in PLAIN_NUMBERS and s.minimum is not None
        ]
        return min(found, default=None)

    @property
    def maximum(self) -> float | None:
        found = [
            s.maximum for name, s in self.spelt.items() if name in PLAIN_NUMBERS and s.maximum is not None
        ]
        return max(found, default=None)


def profiles_of(engine: duckdb.DuckDBPyConnection, names: Sequence[str]) -> list[ColumnProfile]:
    """The profiles of the columns c0, c1, ... of the table `cells`, whose rows are numbered in `row`."""
    _collect(engine, len(names))
    ((rows,),) = engine.execute("SELECT count(*) FROM cells").fetchall()
    spelt: list[dict[str, Spelt]] = [{} for _ in names]
    for column, spelling, *figures in engine.execute(_SPELT).fetchall():
        spelt[column][spelling] = Spelt(
            rows=figures[0],
            distinct=figures[1],
            first_row=figures[2],
            first_value=figures[3],
            minimum=figures[4],
            maximum=figures[5],
        )
    common: list[list[tuple[str, int]]] = [[] for _ in names]
    for column, value, count in engine.execute(_COMMON).fetchall():
        common[column].append((value, count))
    markers: list[dict[str, int]] = [{} for _ in names]
    for column, value, count in engine.execute(_MARKERS).fetchall():
        markers[column][value] = count
    texts = {column: figures for column, *figures in engine.execute(_TEXTS).fetchall()}
    return [
        ColumnProfile(
            name=name,
            index=index,
            rows=rows,
            spelt=spelt[index],
            common=tuple(common[index]),
            markers=markers[index],
            mean_words=float(texts.get(index, _NO_TEXTS)[0] or 0.0),
            longest=int(texts.get(index, _NO_TEXTS)[1] or 0),
            least_rows=int(texts.get(index, _NO_TEXTS)[2] or 0),
            has_lines=bool(texts.get(index, _NO_TEXTS)[3]),
        )
        for index, name in enumerate(names)
    ]


def _collect(engine: duckdb.DuckDBPyConnection, count: int) -> None:
    """Each different value of a column once: everything else is asked of these, which are far fewer."""
    engine.execute("CREATE TABLE words (col INTEGER, value VARCHAR, n BIGINT, first BIGINT)")
    for start in range(0, count, _COLUMNS_AT_ONCE):
        numbers = range(start, min(start + _COLUMNS_AT_ONCE, count))
        values = ", ".join(f"trim(coalesce(c{number}, ''))" for number in numbers)
        engine.execute(
            f"INSERT INTO words SELECT col, value, count(*), min(row) FROM (SELECT row, "
            f"unnest({list(numbers)}) AS col, unnest([{values}]) AS value FROM cells) GROUP BY col, value"
        )
    engine.execute(f"CREATE TABLE seen AS SELECT *, {spelling_sql('value')} AS spelling FROM words")
    engine.execute("DROP TABLE words")


_SPELT = (
    "SELECT col, spelling, sum(n)::BIGINT, count(*), min(first), arg_min(value, first), "
    "min(TRY_CAST(value AS DOUBLE)), max(TRY_CAST(value AS DOUBLE)) FROM seen GROUP BY col, spelling"
)
_PRESENT = f"spelling NOT IN ('{BLANK}', '{MARKER}')"
_COMMON = (
    f"SELECT col, value, n FROM seen WHERE {_PRESENT} "
    f"QUALIFY row_number() OVER (PARTITION BY col ORDER BY n DESC, value) <= {MOST_COMMON} "
    "ORDER BY col, n DESC, value"
)
_MARKERS = f"SELECT col, value, n FROM seen WHERE spelling = '{MARKER}' ORDER BY col, value"
_NO_TEXTS = (0.0, 0, 0, False)
_TEXTS = (
    "SELECT col, avg(length(value) - length(replace(value, ' ', '')) + 1), max(length(value)), min(n), "
    "bool_or(contains(value, chr(10)) OR contains(value, chr(13))) "
    f"FROM seen WHERE {_PRESENT} GROUP BY col"
)
