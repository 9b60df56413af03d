"""Reads a configuration as the product does, and remembers each key and what it may hold."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from contracts.reading import Table

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of one table. `allowed` says what it may hold, `default` what counts where it is left out;
    None: it must be there."""

    table: str
    name: str
    kind: str
    allowed: str
    default: str | None


class Record:
    """The keys, in the order in which they were first asked for."""

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], Key] = {}

    def add(self, key: Key) -> None:
        """A key that one document must have, and another may leave out, may be left out."""
        known = self.keys.get((key.table, key.name))
        if known and known.default is None and key.default is not None:
            self.keys[key.table, key.name] = replace(known, default=key.default)
        elif known is None:
            self.keys[key.table, key.name] = key


class Recording(Table):
    """A table that tells a Record what it is asked."""

    def __init__(self, values: Mapping[str, object], source: str, path: str, record: Record) -> None:
        super().__init__(values, source, path)
        self._record, self._path, self._optional = record, path, set[str]()
        self._source, self._values = source, values

    def _add(self, key: str, kind: str, allowed: str, default: object) -> None:
        shown = None if default is None else _toml(default)
        if shown is None and key in self._optional:
            shown = "none"
        table = re.sub(r"\[\d+\]", "", self._path)
        self._record.add(Key(table=table, name=key, kind=kind, allowed=allowed, default=shown))

    def has(self, key: str) -> bool:
        """Who asks whether a key is there can do without it."""
        self._optional.add(key)
        return super().has(key)

    def text(self, key: str, default: str | None = None) -> str:
        self._add(key, "text", "", default)
        return super().text(key, default)

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        self._add(key, "text", ", ".join(map(_toml, choices)), default)
        return super().choice(key, choices, default)

    def mark(self, key: str, choices: tuple[str, ...], default: str) -> str:
        self._add(key, "text", " ".join(map(_toml, choices)), default)
        return super().mark(key, choices, default)

    def flag(self, key: str, default: bool | None = None) -> bool:
        self._add(key, "true or false", "", default)
        return super().flag(key, default)

    def integer(self, key: str, minimum: int, maximum: int, default: int | None = None) -> int:
        self._add(key, "whole number", f"{minimum:,} to {maximum:,}", default)
        return super().integer(key, minimum, maximum, default)

    def number(
        self,
        key: str,
        minimum: float = -math.inf,
        maximum: float = math.inf,
        default: float | None = None,
    ) -> float:
        bounds = "" if math.isinf(minimum) else f"{minimum:,g} to {maximum:,g}"
        self._add(key, "number", bounds, default)
        return super().number(key, minimum, maximum, default)

    def optional_number(self, key: str) -> float | None:
        self._optional.add(key)
        self._add(key, "number", "", None)
        return super().optional_number(key)

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        self._add(key, "list of texts", "", default)
        return super().texts(key, default)

    def scalars(self, key: str) -> dict[str, float | int | str | bool]:
        self._add(key, "table of plain values", "", {})
        return super().scalars(key)

    def table(self, key: str, required: bool = True) -> Table:
        super().table(key, required)
        values: Any = self._values.get(key, {})
        return Recording(values, self._source, self.key_path(key), self._record)

    def tables(self, key: str, read: Callable[[Table], T], required: bool = True) -> tuple[T, ...]:
        super().tables(key, lambda table: table, required)
        rows: Any = self._values.get(key, ())
        paths = (f"{self.key_path(key)}[{index}]" for index in range(len(rows)))
        made = [
            read(Recording(row, self._source, path, self._record))
            for row, path in zip(rows, paths, strict=True)
        ]
        return tuple(made)


def _toml(value: object) -> str:
    """As pipeline.toml would have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace("\t", "\\t").replace('"', '\\"') + '"'
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
