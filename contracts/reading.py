"""Reads a configuration table key by key, so that every mistake names its file, key and reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class PipelineConfigError(ValueError):
    """The configuration cannot be used; the message holds file, key and reason."""


class Table:
    """One table of a configuration. `finish` refuses the keys that nobody asked for."""

    def __init__(self, values: Mapping[str, object], source: str, path: str = "") -> None:
        self._values = values
        self._source = source
        self._path = path
        self._read: set[str] = set()

    def key_path(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def fail(self, key: str, reason: str) -> PipelineConfigError:
        return PipelineConfigError(f"{self._source}: {self.key_path(key)}: {reason}")

    def has(self, key: str) -> bool:
        return key in self._values

    def is_text(self, key: str) -> bool:
        """Whether the key is there and holds a text: of one that may hold something else, too."""
        return isinstance(self._values.get(key), str)

    def keys(self) -> list[str]:
        return list(self._values)

    def _take(self, key: str, kind: type[T] | tuple[type, ...], expected: str, default: T | None) -> T:
        self._read.add(key)
        if key not in self._values:
            if default is None:
                raise self.fail(key, f"is missing; expected {expected}")
            return default
        value = self._values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.fail(key, f"expected {expected}, found {value!r}")
        return value  # type: ignore[return-value]  # narrowed by isinstance above; mypy cannot bind T to a tuple

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, str, "a text", default)
        if not value.strip():
            raise self.fail(key, "is empty")
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in choices:
            raise self.fail(key, f"{value!r} is not one of {', '.join(choices)}")
        return value

    def mark(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """One of the choices, which may be blank or empty."""
        value = self._take(key, str, "a text", default)
        if value not in choices:
            raise self.fail(key, f"{value!r} is not one of {', '.join(map(repr, choices))}")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        return self._take(key, bool, "true or false", default)

    def integer(self, key: str, minimum: int, maximum: int, default: int | None = None) -> int:
        value = self._take(key, int, "a whole number", default)
        if not minimum <= value <= maximum:
            raise self.fail(key, f"{value} is outside {minimum} to {maximum}")
        return value

    def number(
        self,
        key: str,
        minimum: float = -math.inf,
        maximum: float = math.inf,
        default: float | None = None,
    ) -> float:
        value = float(self._take(key, (int, float), "a number", default))
        if math.isnan(value) or not minimum <= value <= maximum:
            raise self.fail(key, f"{value:g} is outside {minimum:g} to {maximum:g}")
        return value

    def optional_number(self, key: str) -> float | None:
        return self.number(key) if self.has(key) else None

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        values: Sequence[object] = self._take(key, (list, tuple), "a list of texts", default)
        texts = []
        for index, value in enumerate(values):
            if not isinstance(value, str) or not value:
                raise self.fail(f"{key}[{index}]", f"expected a text, found {value!r}")
            texts.append(value)
        return tuple(texts)

    def table(self, key: str, required: bool = True) -> Table:
        values: Mapping[str, object] = self._take(key, (dict,), "a table", None if required else {})
        return Table(values, self._source, self.key_path(key))

    def tables(self, key: str, read: Callable[[Table], T], required: bool = True) -> tuple[T, ...]:
        values: Sequence[object] = self._take(
            key, (list, tuple), "a list of tables", None if required else ()
        )
        rows: list[T] = []
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                raise self.fail(f"{key}[{index}]", f"expected a table, found {value!r}")
            rows.append(read(Table(value, self._source, self.key_path(f"{key}[{index}]"))))
        return tuple(rows)

    def scalars(self, key: str) -> dict[str, float | int | str | bool]:
        """A free table of plain values, as an estimator's parameters are."""
        values: Mapping[str, object] = self._take(key, (dict,), "a table", {})
        for name, value in values.items():
            if not isinstance(value, str | int | float | bool):
                raise self.fail(f"{key}.{name}", f"expected a plain value, found {value!r}")
        return {name: value for name, value in values.items() if isinstance(value, str | int | float | bool)}

    def finish(self) -> None:
        unknown = sorted(set(self._values) - self._read)
        if unknown:
            known = ", ".join(sorted(self._read))
            raise self.fail(unknown[0], f"is not a known key here; known are {known}")
