"""Reads and writes JSON documents as frozen dataclasses, so that a missing or misspelt key is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from types import NoneType, UnionType
from typing import Any, ClassVar, Self, get_args, get_origin, get_type_hints

from contracts.errors import DocumentError

_KINDS: dict[Any, dict[str, Any]] = {}
_EXPECTED = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}


@dataclass(frozen=True, kw_only=True)
class Document:
    """A table of a document. A field without a default is a key that must be there.

    A field that is None by default is left out of what is written: JSONata asks for it with `$exists`. Keys
    that no field knows are passed over, since an execution that began before an update of the stack goes on
    with the definition it began with; a class that people write by hand refuses them (`IS_STRICT`).
    """

    IS_STRICT: ClassVar[bool] = False

    @classmethod
    def read(cls, value: object, place: str = "") -> Self:
        """Raises DocumentError, which names place, key and what was there."""
        place = place or cls.__name__
        if not isinstance(value, Mapping):
            raise DocumentError(f"{place}: expected a table, found {_shown(value)}")
        kinds = kinds_of(cls)
        missing = [f.name for f in fields(cls) if f.default is MISSING and f.name not in value]
        unknown = [str(key) for key in value if key not in kinds] if cls.IS_STRICT else []
        if missing or unknown:
            verb = "is" if len(missing or unknown) == 1 else "are"
            problem = f"{', '.join(missing or unknown)} {verb} {'missing' if missing else 'unknown'}"
            known = f"; known are {', '.join(kinds)}" if unknown else ""
            raise DocumentError(f"{place}: {problem}; there is {_shown_keys(value)}{known}")
        return cls(**{k: _read(kinds[k], value[k], f"{place}.{k}") for k in kinds if k in value})

    def as_document(self) -> dict[str, Any]:
        """JSON's own types alone."""
        found = {field: getattr(self, field.name) for field in fields(self)}
        return {
            field.name: _written(value)
            for field, value in found.items()
            if value is not None or field.default is not None
        }


@dataclass(frozen=True, kw_only=True)
class Request(Document):
    """What a state asks its function: `DeployModelRequest` is read of DeployModel's payload."""

    @classmethod
    def read(cls, value: object, place: str = "") -> Self:
        return super().read(value, place or cls.__name__.removesuffix("Request"))


def kinds_of(kind: type[Document]) -> dict[str, Any]:
    """The type of each field by its name."""
    if kind not in _KINDS:
        hints = get_type_hints(kind)
        _KINDS[kind] = {field.name: hints[field.name] for field in fields(kind)}
    return _KINDS[kind]


def _read(kind: Any, value: Any, place: str) -> Any:
    if kind is Any:
        return value
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        if value is None and NoneType in arguments:
            return None
        return _read(next(argument for argument in arguments if argument is not NoneType), value, place)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise DocumentError(f"{place}: expected a list, found {_shown(value)}")
        return tuple(_read(arguments[0], item, f"{place}[{number}]") for number, item in enumerate(value))
    if origin is not None:
        if not isinstance(value, Mapping):
            raise DocumentError(f"{place}: expected a table, found {_shown(value)}")
        return {str(key): _read(arguments[1], item, f"{place}.{key}") for key, item in value.items()}
    if issubclass(kind, Document):
        return kind.read(value, place)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)  # JSONata's numbers are all float64
    is_one = isinstance(value, int | float) if kind is float else isinstance(value, kind)
    if not is_one or (isinstance(value, bool) and kind is not bool):
        raise DocumentError(f"{place}: expected {_EXPECTED[kind]}, found {_shown(value)}")
    return value


def _written(value: Any) -> Any:
    if isinstance(value, Document):
        return value.as_document()
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items()}
    return [_written(item) for item in value] if isinstance(value, list | tuple) else value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _shown_keys(value: Mapping[Any, Any]) -> str:
    return ", ".join(sorted(map(str, value))) or "nothing"
