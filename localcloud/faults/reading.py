"""Reads a table of the faults file key by key; a mistake names file, key and reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class PlanError(Exception):
    """The faults cannot be read; the message names file, key and reason."""


class Reader:
    """One table; each method reads a key, `finish` refuses the keys that nobody read."""

    def __init__(self, document: Any, where: str) -> None:
        if not isinstance(document, Mapping):
            raise PlanError(f"{where}: expected a table, found {document!r}")
        self._document = document
        self._where = where
        self._read: set[str] = set()

    def fail(self, key: str, reason: str) -> PlanError:
        """The error that this key has."""
        return PlanError(f"{self._where}.{key}: {reason}")

    def has(self, key: str) -> bool:
        return key in self._document

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        value = self._take(key, None)
        if value not in allowed:
            raise self.fail(key, f"{value!r} is none of {', '.join(allowed)}")
        return str(value)

    def text(self, key: str, default: str | None) -> str | None:
        value = self._take(key, default)
        if value is not None and not (isinstance(value, str) and value):
            raise self.fail(key, f"expected a text, found {value!r}")
        return value

    def flag(self, key: str) -> bool:
        value = self._take(key, False)
        if not isinstance(value, bool):
            raise self.fail(key, f"expected true or false, found {value!r}")
        return value

    def integer(self, key: str, low: int, default: int | None) -> int | None:
        value = self._take(key, default)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < low):
            raise self.fail(key, f"expected a whole number of at least {low}, found {value!r}")
        return value

    def number(self, key: str, low: float, high: float, default: float | None) -> float | None:
        value = self._take(key, default)
        return None if value is None else self._number(key, value, low, high)

    def span(self, key: str, high: float, default: float) -> tuple[float, float]:
        """One number, or [from, to]."""
        value = self._take(key, default)
        ends = value if isinstance(value, list) else [value, value]
        if len(ends) != 2:
            raise self.fail(key, f"expected one number or [from, to], found {value!r}")
        first, last = (self._number(key, end, 0.0, high) for end in ends)
        if first > last:
            raise self.fail(key, f"{first} is after {last}")
        return first, last

    def tables(self, key: str) -> list[Reader]:
        value = self._take(key, [])
        if not isinstance(value, list):
            raise self.fail(key, f"expected a list of tables ([[{key}]] in TOML), found {value!r}")
        return [Reader(item, f"{self._where}.{key}[{index}]") for index, item in enumerate(value)]

    def finish(self) -> None:
        """Refuse what nobody read: a misspelt key would otherwise do nothing."""
        unknown = sorted(set(self._document) - self._read)
        if unknown:
            known = ", ".join(sorted(self._read))
            raise self.fail(unknown[0], f"there is no such key; there are {known}")

    def _take(self, key: str, default: Any) -> Any:
        self._read.add(key)
        return self._document.get(key, default)

    def _number(self, key: str, value: Any, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self.fail(key, f"expected a number from {low:g} to {high:g}, found {value!r}")
        return float(value)
