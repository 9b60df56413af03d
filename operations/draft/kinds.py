"""What a column holds: its type in the contract's grammar, and the keys that say how it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts import spellings as grammar
from contracts.values import LARGEST_WHOLE
from operations.draft import spellings as s
from operations.draft.asking import Questions, Stray
from operations.draft.profile import ColumnProfile

NUMBER_SHARE = 0.95  # with so many numbers among its values, a column is one of numbers
MAX_CATEGORIES = 50
MAX_CATEGORY_CHARACTERS = 200
MIN_LEVEL_ROWS = 5
MAX_STRAY_MARKERS = 3
_MIXED_SHARE = 0.5
_UNIT_SHARE = 0.05
_CLOCK_NOTE = "write minutes as a number, or times with their date as 2024-01-31T10:15:00"
_DATE_NOTE = "write dates as 2024-01-31, or with / or . between the numbers and a year of four digits"
# Words that are a level as often as they are a gap: a gap among numbers, a level among words.
_WEAK = ("none", "nil", "missing", "-", "--", "---", ".", "..", "\u2013", "\u2014")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A column's type, the TOML keys beside it, and how it was found.

    `missing` are the markers that the whole file shares, `strays` values that break the type: in `stray_rows`
    rows, or declared missing by the keys. `refused` says why the values cannot be read at all.
    """

    type: str
    keys: dict[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    gaps: int = 0
    strays: tuple[Stray, ...] = ()
    stray_rows: int = 0
    range: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    refused: str = ""


def kinds_of(columns: Sequence[ColumnProfile], ask: Questions, decimal: str) -> list[Kind]:
    return [kind_of(column, ask, decimal) for column in columns]


def kind_of(column: ColumnProfile, ask: Questions, decimal: str) -> Kind:
    """The kind of one column, in a file with this decimal mark."""
    present = column.present
    if not present:
        return _gappy(column, Kind(type="category"))
    if column.count(*s.NUMBERS) >= NUMBER_SHARE * present and not _is_code(column):
        return _number(column, ask, decimal)
    if column.count(s.BOOLEAN) == present and len(_truths(column)) == 2:
        return _gappy(column, Kind(type="boolean"))
    if column.count(*s.DATES, *s.TIMESTAMPS) >= NUMBER_SHARE * present:
        return _time(column, ask)
    if column.count(s.CLOCK) >= NUMBER_SHARE * present and column.distinct > MAX_CATEGORIES:
        return Kind(type="text", refused=f"its times of day or durations are not read; {_CLOCK_NOTE}")
    return _words(column)


def _is_code(column: ColumnProfile) -> bool:
    """Digits with zeros before them, all of one length: a postal code, not a number."""
    codes = column.count(s.CODE)
    if not codes or codes + column.count(s.INTEGER) < column.present:
        return False
    return len({len(value) for value, _ in column.common}) == 1


def _truths(column: ColumnProfile) -> set[bool]:
    return {grammar.TRUTH[value.lower()] for value, _ in column.common if value.lower() in grammar.TRUTH}


def decimal_mark(columns: Sequence[ColumnProfile], ask: Questions) -> str:
    """The file's decimal mark: a comma where at least as many columns of numbers need it as need a point."""
    commas = points = 0
    for column in columns:
        if not column.present or column.count(*s.NUMBERS) < NUMBER_SHARE * column.present:
            continue
        if column.count(*s.PLAIN_NUMBERS) == column.present:
            points += column.count(s.NUMBER) > 0
            continue
        spelt = ask.spelt_without(column.index, _unit(column, ask))
        if spelt[s.COMMA_NUMBER]:
            commas += 1
        elif spelt[s.NUMBER] or spelt[s.COMMA_GROUPS]:
            points += 1
    return "," if commas and commas >= points else "."


def _unit(column: ColumnProfile, ask: Questions) -> str:
    """What stands beside the numbers of a column, where enough of them have it."""
    if column.count(s.MONEY, s.PERCENT, s.UNIT) < _UNIT_SHARE * column.present:
        return ""
    units = ask.units(column.index)
    return units.most_common(1)[0][0] if units else ""


def _number(column: ColumnProfile, ask: Questions, decimal: str) -> Kind:
    if column.count(*s.PLAIN_NUMBERS) == column.present and (decimal == "." or not column.count(s.NUMBER)):
        return _gappy(column, Kind(type=_number_type(column), range=_range(column)))
    unit = _unit(column, ask)
    missing = tuple(column.markers)
    formats = _formats(column, ask, decimal, unit, missing)
    thousands, (strays, rows, distinct) = min(formats, key=lambda found: found[1][1])
    pairs = (("thousands", thousands), ("unit", unit))
    keys: dict[str, Any] = {key: value for key, value in pairs if value}
    span = ask.range_of(column.index, grammar.marks_of(decimal, thousands, unit))
    if rows > (1 - NUMBER_SHARE) * column.present:
        return _unread_number(column, strays, decimal)
    notes = []
    if thousands == "," and not column.count(s.COMMA_GROUPS, s.MONEY, s.PERCENT, s.UNIT):
        notes.append(f"{column.name!r}: is {_first(column, s.COMMA_EITHER)} read as thousands? It was")
    if thousands == "." and not column.count(s.COMMA_NUMBER, s.POINT_GROUPS, s.MONEY, s.PERCENT, s.UNIT):
        notes.append(
            f"{column.name!r}: is {_first(column, s.NUMBER)} read as thousands? It was, for the file's "
            "decimal mark is a comma; if it is a fraction, write its column with a comma, too"
        )
    fractions = column.count(s.NUMBER, s.COMMA_NUMBER, s.COMMA_GROUPS, s.MONEY, s.PERCENT, s.UNIT)
    kind = Kind(
        type="number" if fractions else "integer",
        keys=keys,
        strays=tuple(strays),
        stray_rows=rows,
        range=span,
        notes=tuple(notes),
    )
    if rows and distinct <= MAX_STRAY_MARKERS and all(stray.rows > 1 for stray in strays):
        keys["missing"] = [stray.value for stray in strays]
        kind = Kind(**{**kind.__dict__, "stray_rows": 0, "gaps": rows})
    return _gappy(column, kind)


def _formats(
    column: ColumnProfile, ask: Questions, decimal: str, unit: str, missing: Sequence[str]
) -> Iterator[tuple[str, tuple[list[Stray], int, int]]]:
    """Each separator of thousands, none first, with the values that it leaves unread."""
    for thousands in ("", *grammar.THOUSANDS):
        if thousands != decimal:
            pattern = grammar.number_pattern(decimal, thousands, unit)
            yield thousands, ask.strays(column.index, pattern, missing)


def _unread_number(column: ColumnProfile, strays: Sequence[Stray], decimal: str) -> Kind:
    mark = {",": "a comma", ".": "a point"}[decimal]
    return Kind(
        type="text",
        strays=tuple(strays),
        refused="its numbers are written in several ways "
        f"(the file's decimal mark is {mark}); write them plainly",
    )


def _first(column: ColumnProfile, spelling: str) -> str:
    return repr(column.spelt[spelling].first_value) if spelling in column.spelt else "such a number"


def _number_type(column: ColumnProfile) -> str:
    """Whole numbers that float64 skips are measures at best: as integers, they would be refused."""
    whole = column.count(s.NUMBER) == 0
    small = max(abs(column.minimum or 0), abs(column.maximum or 0)) <= LARGEST_WHOLE
    return "integer" if whole and small else "number"


def _range(column: ColumnProfile) -> tuple[float, float] | None:
    low, high = column.minimum, column.maximum
    return None if low is None or high is None else (low, high)


def _time(column: ColumnProfile, ask: Questions) -> Kind:
    kind = "timestamp" if column.count(*s.TIMESTAMPS) else "date"
    order, note = grammar.DATE_ORDERS[0], ""
    if column.count(s.OTHER_DATE, s.OTHER_TIMESTAMP):
        order, note = _order(column, ask)
    make = grammar.timestamp_pattern if kind == "timestamp" else grammar.date_pattern
    strays, rows, distinct = ask.strays(column.index, make(order)[0], tuple(column.markers))
    if rows > (1 - NUMBER_SHARE) * column.present:
        return Kind(type="text", strays=tuple(strays), refused=f"its dates are not read; {_DATE_NOTE}")
    keys: dict[str, Any] = {} if order == grammar.DATE_ORDERS[0] else {"date_order": order}
    if rows and distinct <= MAX_STRAY_MARKERS and all(stray.rows > 1 for stray in strays):
        keys["missing"], gaps, rows = [stray.value for stray in strays], rows, 0
    else:
        gaps = 0
    return _gappy(
        column,
        Kind(
            type=kind,
            keys=keys,
            gaps=gaps,
            strays=tuple(strays),
            stray_rows=rows,
            notes=(note,) if note else (),
        ),
    )


def _order(column: ColumnProfile, ask: Questions) -> tuple[str, str]:
    """The order of day, month and year; where no day is past 12, the point or hyphen says day first."""
    first, second, _ = ask.first_parts(column.index)
    year_first, day_first, month_first = grammar.DATE_ORDERS
    if first == 0:
        return year_first, ""
    if first > 12:
        return day_first, ""
    if second > 12:
        return month_first, ""
    value = column.common[0][0]
    order = month_first if "/" in value else day_first
    return order, f"{column.name!r}: is {value!r} {order}? No day of it is past 12; date_order says so"


def _words(column: ColumnProfile) -> Kind:
    weak = {text: rows for text, rows in column.markers.items() if text.lower() in _WEAK}
    levels = {**dict(column.common), **weak}
    distinct = column.distinct + len(weak)
    is_line = column.longest <= MAX_CATEGORY_CHARACTERS and not column.has_lines
    kind = Kind(type="category" if is_line else "text", notes=_half_numbers(column))
    if kind.type == "category" and distinct <= MAX_CATEGORIES:
        kind.keys.update(_categories(levels, weak))
    return _gappy(column, kind, tuple(weak))


def _half_numbers(column: ColumnProfile) -> tuple[str, ...]:
    """What is asked of a column of words of which most are numbers: one of numbers has few others."""
    numbers = column.count(*s.NUMBERS)
    others = [spelt for name, spelt in column.spelt.items() if name not in (*s.NUMBERS, s.BLANK, s.MARKER)]
    if not others or numbers < _MIXED_SHARE * column.present:
        return ()
    first = min(others, key=lambda spelt: spelt.first_row)
    return (
        f"{column.name!r}: {numbers:,} of {column.present:,} values are numbers, but not "
        f"{first.first_value!r} in row {first.first_row:,}: it is drafted as words. "
        "If it should be numbers, mend the others",
    )


def _categories(levels: Mapping[str, int], weak: Mapping[str, int]) -> dict[str, Any]:
    """The levels. Where some occur once, rows to come have new ones (of Good and Turing's estimate, the share
    of rows whose level occurs once), so the rare ones are no more than the first of the others."""
    known = sorted(text for text, rows in levels.items() if rows >= MIN_LEVEL_ROWS or text in weak)
    if min(levels.values()) > 1 or len(known) < 2:
        return {"categories": sorted(levels)}
    return {"categories": known, "others": True}


def _gappy(column: ColumnProfile, kind: Kind, levels: Sequence[str] = ()) -> Kind:
    """The kind with what is missing: markers that the file shares, and those of this column alone."""
    markers = {text: rows for text, rows in column.markers.items() if text not in levels}
    own = [text for text in markers if text.lower() in _WEAK]
    keys = dict(kind.keys)
    if own:
        keys["missing"] = [*own, *keys.get("missing", [])]
    gaps = kind.gaps + column.count(s.BLANK) + sum(markers.values())
    shared = tuple(text for text in markers if text not in own)
    return Kind(**{**kind.__dict__, "keys": keys, "missing": shared, "gaps": gaps})
