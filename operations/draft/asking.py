"""Questions to a table that only some of its columns need: each is one query over their different values."""
# ruff: noqa: S608 - SQL is made of column numbers and patterns; texts are quoted

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from operations.draft.spellings import BLANK, MARKER, spelling_sql

_SHOWN_STRAYS = 5
_PRESENT = f"spelling NOT IN ('{BLANK}', '{MARKER}')"


@dataclass(frozen=True, kw_only=True)
class Stray:
    """A value that is not what its column's others are: where it stands first, and in how many rows."""

    value: str
    row: int
    rows: int


class Questions:
    """Asks the table `seen` that `profiles_of` leaves."""

    def __init__(self, engine: duckdb.DuckDBPyConnection) -> None:
        self._engine = engine

    def distinct_rows(self, columns: Sequence[int]) -> int:
        """How many rows differ from each other in these columns."""
        listed = ", ".join(f"c{column}" for column in columns)
        ((rows,),) = self._engine.execute(
            f"SELECT count(*) FROM (SELECT DISTINCT {listed} FROM cells)"
        ).fetchall()
        return int(rows)

    def units(self, column: int) -> Counter[str]:
        """Rows by what stands before or behind a number, without digits, marks and blanks."""
        found = self._engine.execute(
            "SELECT trim(regexp_replace(value, '[0-9+().,''\\s\\x{00A0}\\x{202F}-]', '', 'g')), "
            "sum(n)::BIGINT "
            f"FROM seen WHERE col = {column} AND {_PRESENT} GROUP BY 1"
        ).fetchall()
        return Counter({unit: rows for unit, rows in found if unit})

    def spelt_without(self, column: int, unit: str) -> Counter[str]:
        """Rows by spelling, after the unit is taken off."""
        bare = f"trim(replace(value, {_quoted(unit)}, ''))" if unit else "value"
        found = self._engine.execute(
            f"SELECT {spelling_sql(bare)}, sum(n)::BIGINT FROM seen WHERE col = {column} AND {_PRESENT} "
            "GROUP BY 1"
        ).fetchall()
        return Counter(dict(found))

    def range_of(self, column: int, marks: Sequence[tuple[str, str]]) -> tuple[float, float] | None:
        """The least and the greatest of the numbers that are left when the marks are replaced."""
        value = "value"
        for mark, plain in marks:
            value = f"replace({value}, {_quoted(mark)}, {_quoted(plain)})"
        ((low, high),) = self._engine.execute(
            f"SELECT min(x), max(x) FROM (SELECT TRY_CAST({value} AS DOUBLE) AS x FROM seen "
            f"WHERE col = {column} AND {_PRESENT}) WHERE isfinite(x)"
        ).fetchall()
        return None if low is None else (float(low), float(high))

    def strays(self, column: int, pattern: str, missing: Sequence[str] = ()) -> tuple[list[Stray], int, int]:
        """The first values that do not match, in how many rows any do not, and how many different ones."""
        markers = ", ".join(map(_quoted, missing)) or "NULL"
        where = (
            f"col = {column} AND value <> '' AND NOT coalesce(value IN ({markers}), false) "
            f"AND NOT regexp_full_match(value, {_quoted(pattern)})"
        )
        found = self._engine.execute(
            f"SELECT value, first, n FROM seen WHERE {where} ORDER BY first LIMIT {_SHOWN_STRAYS}"
        ).fetchall()
        ((rows, distinct),) = self._engine.execute(
            f"SELECT coalesce(sum(n), 0)::BIGINT, count(*) FROM seen WHERE {where}"
        ).fetchall()
        return [Stray(value=value, row=row, rows=rows) for value, row, rows in found], rows, distinct

    def first_parts(self, column: int) -> tuple[int, int, int]:
        """Of dates such as 31/01/2024: the greatest first part, the greatest second, and how many rows have
        neither a year first nor one of four digits last."""
        pattern = _quoted(r"^(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}")
        ((first, second),) = self._engine.execute(
            f"SELECT max(TRY_CAST(regexp_extract(value, {pattern}, 1) AS INTEGER)), "
            f"max(TRY_CAST(regexp_extract(value, {pattern}, 2) AS INTEGER)) "
            f"FROM seen WHERE col = {column} AND {_PRESENT}"
        ).fetchall()
        other = _quoted(r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})([T ,].*)?$")
        ((unread,),) = self._engine.execute(
            f"SELECT coalesce(sum(n), 0)::BIGINT FROM seen WHERE col = {column} AND {_PRESENT} "
            f"AND NOT regexp_matches(value, {other})"
        ).fetchall()
        return int(first or 0), int(second or 0), int(unread)

    def values(self, column: int, most: int) -> list[tuple[str, int]]:
        """The different values and their rows, in the order of their texts; None where there are more."""
        return [
            (str(value), int(rows))
            for value, rows in self._engine.execute(
                f"SELECT value, n FROM seen WHERE col = {column} AND {_PRESENT} ORDER BY value LIMIT {most}"
            ).fetchall()
        ]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
