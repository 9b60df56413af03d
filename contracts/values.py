"""One grammar of values: which texts a column takes, and what they mean.

The draft, ingestion and every format of the server read by it: a text is accepted by all of them with the
same value, or by none. Standard library alone, since the server imports it.

`DESCRIBED` says what each type reads; docs/values.md shows it.

Blanks and tabs at a text's ends mean nothing. The empty text is missing, and so are the column's own markers
(`missing`), compared as written; in a column of numbers, a marker that is a number is compared by value. A
column may say how its texts differ: decimal mark, separator of thousands, unit, order of dates, and the
offset from UTC of timestamps without a zone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cached_property
from typing import Any

from contracts import spellings

# What becomes of a date, by number: year, month (1-12), day of the month (1-31), weekday (0 is
# Monday), day of the year (0-365); the hour of the day (0-23) is a timestamp's alone.
DAY_PARTS = ("year", "month", "day", "weekday", "day_of_year")
DATE_PARTS = (*DAY_PARTS, "hour")

TYPES = ("number", "integer", "boolean", "date", "timestamp", "category", "text")
# By type what is read, and what it becomes; what stands in backticks is read by that type's grammar.
DESCRIBED = {
    "number": ("`12`, `-1.5`, `.5`, `5.`, `+2e-3`; finite", "float64"),
    "integer": ("a number that is whole and below 2^53 in size: `12`, `12.0`, `1e3`", "whole number"),
    "boolean": (
        "`true`/`false`, `t`/`f`, `yes`/`no`, `y`/`n`, `on`/`off`, `1`/`0`, `1.0`/`0.0`, in any case",
        "truth",
    ),
    "date": (
        "`2024-01-31`, `2024/1/31`, `2024.01.31`; midnight may follow, as in `2024-01-31 00:00:00`",
        "days since 1970-01-01",
    ),
    "timestamp": (
        "a date, then hour and minute, then seconds and a zone where they are known: `2024-01-31`, "
        "`2024-01-31 10:15`, `2024-01-31T10:15:30.25Z`, `2024-01-31 10:15:30 +01:00`",
        "seconds since 1970-01-01 in UTC, to a microsecond",
    ),
    "category": ("one line of at most 1,000 characters", "the text"),
    "text": ("at most 100,000 characters, line ends included", "the text"),
}
NUMERIC = ("number", "integer")
LARGEST_WHOLE = 2**53 - 1  # above it float64, and so every estimator, skips whole numbers
MAX_LENGTH = {"category": 1_000, "text": 100_000}

Value = float | int | bool | date | datetime | str

_EPOCH_DAY = date(1970, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXPECTED = {
    "number": "a finite number",
    "integer": "a whole number below 2^53",
    "boolean": "true or false",
    "date": "a date such as 2024-01-31",
    "timestamp": "a timestamp such as 2024-01-31T10:15:30Z",
    "category": "a text of one line of at most 1,000 characters",
    "text": "a text of at most 100,000 characters",
}


class ValueRefusedError(ValueError):
    """The column's grammar does not hold this value; the message says what it expects."""


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """The grammar of one column. `utc_offset` is that of timestamps without a zone."""

    type: str
    missing: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    date_order: str = spellings.DATE_ORDERS[0]
    utc_offset: str = "+00:00"

    def read(self, text: str) -> Value | None:
        """The value of a text, None for a missing one; raises ValueRefusedError."""
        bare = text.strip(spellings.BLANKS)
        if not bare or bare in self.missing:
            return None
        return self._read(bare)

    def accept(self, value: object) -> Value | None:
        """The value of what JSON or an array holds: null and NaN are missing, texts are read, other things
        are taken where they are of the column's kind. Raises ValueRefusedError."""
        if isinstance(value, str):
            return self.read(value)
        if value is None or value != value:
            return None
        if isinstance(value, int | float) and self.type in (*NUMERIC, "boolean"):
            return self._plain(value)
        raise self._refusal()

    def number(self, value: object) -> float:
        """The value as a model reads it, NaN for a missing one: days since 1970-01-01 of a date, seconds of a
        timestamp, 0 and 1 of a boolean. Not of categories and texts, which have none. Raises
        ValueRefusedError."""
        found = self.accept(value)
        return math.nan if found is None else as_number(found)

    @property
    def is_plain(self) -> bool:
        """Whether it is the type's own grammar, with nothing declared."""
        return self == Grammar(type=self.type)

    @property
    def expected(self) -> str:
        """What a value has to be, to be put behind "is not"."""
        if self.type == "date" and self.date_order != spellings.DATE_ORDERS[0]:
            return f"a date in the order {self.date_order}"
        return _EXPECTED[self.type]

    @property
    def numeric_missing(self) -> frozenset[float]:
        """The markers that are numbers, of a column of numbers."""
        return self._numeric_missing

    def as_document(self) -> dict[str, Any]:
        """JSON-compatible, without the type and what is the type's own; `from_document` reads it."""
        plain = asdict(Grammar(type=self.type))
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != plain[name]
        }

    @classmethod
    def from_document(cls, kind: str, document: Mapping[str, Any]) -> Grammar:
        """Raises ValueError where the document is none that `as_document` gave."""
        known = {field.name for field in fields(cls)} - {"type"}
        for name, value in document.items():
            parts = value if isinstance(value, list) else [value]
            if (
                name not in known
                or isinstance(value, list) != (name == "missing")
                or not all(isinstance(part, str) for part in parts)
            ):
                raise ValueError(f"{name} of a column's grammar is {value!r}")
        if kind not in TYPES:
            raise ValueError(f"{kind!r} is no type of a column")
        return cls(type=kind, **{**document, "missing": tuple(document.get("missing", ()))})

    @cached_property
    def _read(self) -> Callable[[str], Value | None]:
        return {
            "number": self._number,
            "integer": self._number,
            "boolean": self._boolean,
            "date": self._date,
            "timestamp": self._timestamp,
            "category": self._line,
            "text": self._text,
        }[self.type]

    @cached_property
    def _numeric_missing(self) -> frozenset[float]:
        if self.type not in NUMERIC:
            return frozenset()
        plain = re.compile(spellings.PLAIN_NUMBER)
        return frozenset(float(marker) for marker in self.missing if plain.fullmatch(marker))

    @cached_property
    def _pattern(self) -> tuple[re.Pattern[str], dict[str, list[int]]]:
        if self.type in NUMERIC:
            return re.compile(spellings.number_pattern(self.decimal, self.thousands, self.unit)), {}
        made = {"date": spellings.date_pattern, "timestamp": spellings.timestamp_pattern}[self.type]
        pattern, groups = made(self.date_order)
        return re.compile(pattern), groups

    @cached_property
    def _marks(self) -> list[tuple[str, str]]:
        return spellings.marks_of(self.decimal, self.thousands, self.unit)

    def _refusal(self) -> ValueRefusedError:
        return ValueRefusedError(self.expected)

    def _number(self, bare: str) -> float | int | None:
        if not self._pattern[0].fullmatch(bare):
            raise self._refusal()
        for mark, plain in self._marks:
            bare = bare.replace(mark, plain)
        return self._finite(float(bare))

    def _plain(self, value: float) -> Value | None:
        """Of a number or a truth value that is none of text."""
        if self.type == "boolean":
            if value in (0, 1):
                return bool(value)
            raise self._refusal()
        if isinstance(value, bool):
            raise self._refusal()
        try:
            return self._finite(float(value))
        except OverflowError as error:
            raise self._refusal() from error

    def _finite(self, value: float) -> float | int | None:
        if value in self._numeric_missing:
            return None
        if not math.isfinite(value):
            raise self._refusal()
        if self.type == "number":
            return value
        if abs(value) > LARGEST_WHOLE or not value.is_integer():
            raise self._refusal()
        return int(value)

    def _boolean(self, bare: str) -> bool:
        found = spellings.TRUTH.get(bare.lower())
        if found is None:
            raise self._refusal()
        return found

    def _parts(self, bare: str) -> dict[str, str]:
        pattern, groups = self._pattern
        match = pattern.fullmatch(bare)
        if not match:
            raise self._refusal()
        return {name: next((match[g] for g in places if match[g]), "") for name, places in groups.items()}

    def _day(self, parts: Mapping[str, str]) -> date:
        try:
            return date(int(parts["year"]), int(parts["month"]), int(parts["day"]))
        except ValueError as error:
            raise self._refusal() from error

    def _date(self, bare: str) -> date:
        return self._day(self._parts(bare))

    def _timestamp(self, bare: str) -> datetime:
        parts = self._parts(bare)
        day = self._day(parts)
        hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
        micros = int(parts["fraction"].ljust(6, "0"))
        zone = timezone(timedelta(minutes=offset_minutes(parts["zone"] or self.utc_offset)))
        try:
            there = datetime(day.year, day.month, day.day, hour, minute, second, micros, tzinfo=zone)
            return there.astimezone(UTC)
        except OverflowError as error:
            raise self._refusal() from error

    def _line(self, bare: str) -> str:
        if "\n" in bare or "\r" in bare:
            raise self._refusal()
        return self._bounded(bare)

    def _text(self, bare: str) -> str:
        """Every line end is LF, as in a file once it is read."""
        return self._bounded(bare.replace("\r\n", "\n").replace("\r", "\n") if "\r" in bare else bare)

    def _bounded(self, bare: str) -> str:
        if len(bare) > MAX_LENGTH[self.type] or "\0" in bare:
            raise self._refusal()
        return bare


def as_number(value: float | int | bool | date | datetime | str) -> float:
    """A value as a model reads it."""
    if isinstance(value, datetime):
        # One division of whole microseconds, so that every reader rounds alike.
        return ((value - _EPOCH) // timedelta(microseconds=1)) / 1e6
    if isinstance(value, date):
        return float((value - _EPOCH_DAY).days)
    return float(value)


def offset_minutes(zone: str) -> int:
    """Minutes east of Greenwich of `Z`, `UTC`, `+01`, `+0130` or `+01:30`."""
    if zone in ("Z", "UTC"):
        return 0
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return -minutes if zone[0] == "-" else minutes
