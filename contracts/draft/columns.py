"""What a column of a CSV seems to be, by looking at every one of its values."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

MAX_CATEGORIES = 50
BOOLEANS = {"true", "false"}
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass
class ColumnLook:
    """Running counts over the values of one column, as text; an empty value is a missing one."""

    name: str
    rows: int = 0
    missing: int = 0
    integers: int = 0
    numbers: int = 0
    booleans: int = 0
    dates: int = 0
    minimum: float = float("inf")
    maximum: float = float("-inf")
    values: Counter[str] = field(default_factory=Counter)

    def see(self, value: str) -> None:
        self.rows += 1
        if value.strip() == "":
            self.missing += 1
            return
        self.values[value] += 1
        if _NUMBER.fullmatch(value):
            self.numbers += 1
            self.integers += _INTEGER.fullmatch(value) is not None
            self.minimum = min(self.minimum, float(value))
            self.maximum = max(self.maximum, float(value))
        else:
            self.booleans += value.lower() in BOOLEANS
            self.dates += _is_date(value)

    @property
    def present(self) -> int:
        return self.rows - self.missing

    @property
    def type(self) -> str:
        """One of the contract's column types; a wholly empty column is a number that is never there."""
        if self.booleans and self.booleans == self.present:
            return "boolean"
        if self.dates and self.dates == self.present:
            return "date"
        if self.integers and self.integers == self.present:
            return "integer"
        return "number" if self.numbers == self.present else "category"

    @property
    def identifies_rows(self) -> bool:
        """Whether it looks like a key: another value in every row, none missing, and no measure."""
        unique = self.missing == 0 and self.rows > 1 and len(self.values) == self.rows
        return unique and (
            self.type == "category" or (self.type == "integer" and _named_like_a_key(self.name))
        )


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return len(value) >= len("2000-01-01")


def _named_like_a_key(name: str) -> bool:
    return name.lower() == "id" or re.search(r"(_id|Id|ID|_key)$", name) is not None
