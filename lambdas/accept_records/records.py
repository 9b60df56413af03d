"""One record, from its bytes to the values of the contract's columns. Pure.

The rules are an upload's own: a column's grammar, bounds, categories, and whether a value may be missing.
Keys that the contract does not name are left out: who sends events adds some, and means nobody harm.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from contracts.dataset import Column, DatasetContract
from contracts.stream import Stream
from contracts.values import Grammar, ValueRefusedError

AHEAD_SECONDS = 300.0  # by which a sender's clock may be ahead of this one
MAX_ID = 256
_SHOWN = 60
_MOST_SECONDS = 4e9  # of a number that is meant as Unix time; above it are milliseconds
_EXPECTED_TIME = "a timestamp such as 2026-11-28T14:05:00Z, or Unix time in seconds"

Check = Callable[[Any], Any]


class RecordRefusedError(ValueError):
    """The record is none of the contract's; the message names the key and the reason."""


class RecordReader:
    """Reads the records of one contract."""

    def __init__(self, contract: DatasetContract, stream: Stream, entities: Sequence[str] = ()) -> None:
        """`entities` are the keys that say whom a record is about, one for each feature group."""
        self._entities = tuple(entities)
        self._id, self._time = stream.event_id, stream.event_time
        self._columns = [(column.name, check_of(column)) for column in contract.columns]
        self._moment = Grammar(type="timestamp")

    def read(self, data: bytes, now_seconds: float) -> tuple[str, datetime, list[Any]]:
        """The event's id, its time in UTC and the contract's values in order; raises RecordRefusedError."""
        return self.read_whole(data, now_seconds)[:3]

    def read_whole(self, data: bytes, now_seconds: float) -> tuple[str, datetime, list[Any], tuple[str, ...]]:
        """The same, and the record's entities; raises RecordRefusedError."""
        document = _parsed(data)
        identity = self._identity(document)
        moment = self._event_time(document, now_seconds)
        get = document.get
        entities = tuple(_key(document, name, "whom it is about") for name in self._entities)
        try:
            return identity, moment, [check(get(name)) for name, check in self._columns], entities
        except ValueRefusedError:
            raise self._named(document) from None

    def _named(self, document: Mapping[str, Any]) -> RecordRefusedError:
        """Every column that is wrong; asked for the few records that are refused alone."""
        reasons = []
        for name, check in self._columns:
            try:
                check(document.get(name))
            except ValueRefusedError as refused:
                value = f"{document[name]!r:.{_SHOWN}}" if name in document else "its value"
                reasons.append(f"{name}: {value} {refused}")
        return RecordRefusedError("; ".join(reasons))

    def _identity(self, document: Mapping[str, Any]) -> str:
        return _key(document, self._id, "by which the event is known when it comes again")

    def _event_time(self, document: Mapping[str, Any], now_seconds: float) -> datetime:
        found = document.get(self._time)
        try:
            moment = self._moment_of(found)
        except (ValueRefusedError, OverflowError, ValueError) as error:
            what = "is missing" if found is None else f"is {found!r:.{_SHOWN}}"
            raise RecordRefusedError(f"{self._time} {what}; expected {_EXPECTED_TIME}") from error
        ahead = moment.timestamp() - now_seconds
        if ahead > AHEAD_SECONDS:
            raise RecordRefusedError(f"{self._time} lies {ahead:.0f} s in the future")
        return moment

    def _moment_of(self, found: Any) -> datetime:
        if isinstance(found, str):
            if _is_plain(found):
                return datetime.fromisoformat(found)
            moment = self._moment.read(found)
            if isinstance(moment, datetime):
                return moment
        elif isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found < _MOST_SECONDS:
            return datetime.fromtimestamp(found, UTC)
        raise ValueRefusedError(_EXPECTED_TIME)


def _key(document: Mapping[str, Any], name: str, what_for: str) -> str:
    found = document.get(name)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str) or not 0 < len(found) <= MAX_ID:
        what = "is missing" if found is None else f"is {found!r:.{_SHOWN}}"
        raise RecordRefusedError(
            f"{name} {what}; expected a text of 1 to {MAX_ID} characters or a whole number, {what_for}"
        )
    return found


def _is_plain(text: str) -> bool:
    """Whether it has the one form that most senders write, which the interpreter reads as the grammar does:
    2026-11-28T14:05:00Z, with three or six digits of a second or none, in UTC."""
    in_utc = text[-1:] == "Z" or text[-6:] == "+00:00"
    size = len(text) - (1 if text[-1:] == "Z" else 6)
    if not in_utc or not (size == 19 or (size in (23, 26) and text[19] == ".")):
        return False
    marks = text[4] + text[7] + text[10] + text[13] + text[16]
    return marks == "--T::" and text[11:13] < "24"


def check_of(column: Column) -> Check:
    """A function from a value in JSON to the column's; it raises ValueRefusedError with what is wrong."""

    def slow(value: Any) -> Any:
        try:
            found = column.grammar.accept(value)
        except ValueRefusedError as refused:
            raise ValueRefusedError(f"is not {refused}") from None
        if found is None:
            if not column.nullable:
                raise ValueRefusedError("is missing")
            return None
        if column.allowed and found not in column.allowed:
            raise ValueRefusedError(f"is none of {', '.join(column.allowed):.{200}}")
        if isinstance(found, int | float):
            if column.minimum is not None and found < column.minimum:
                raise ValueRefusedError(f"is below {column.minimum:g}")
            if column.maximum is not None and found > column.maximum:
                raise ValueRefusedError(f"is above {column.maximum:g}")
        return found

    if column.type == "number":
        return _quick_number(column, slow)
    if column.allowed:
        known = {text: text for text in column.allowed if text not in column.grammar.missing}
        return lambda value: known.get(value) or slow(value) if type(value) is str else slow(value)
    return slow


def _quick_number(column: Column, slow: Check) -> Check:
    """Most values are floats within the bounds, and need no grammar."""
    low = column.minimum if column.minimum is not None else -1.7e308
    high = column.maximum if column.maximum is not None else 1.7e308
    missing = column.grammar.numeric_missing

    def check(value: Any) -> Any:
        if type(value) is float and low <= value <= high and value not in missing:
            return value
        return slow(value)

    return check


def _parsed(data: bytes) -> dict[str, Any]:
    """Strictly as RFC 8259 has it; of a key that stands twice one value would be dropped in silence."""
    try:
        document = _DECODER.decode(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecordRefusedError(f"it is not UTF-8: byte {error.start} is {data[error.start]:#x}") from error
    except RecursionError as error:
        raise RecordRefusedError("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise RecordRefusedError(f"it is no JSON: {error.msg} at character {error.pos}") from error
    except ValueError as error:
        raise RecordRefusedError(f"it is no JSON: {error!s:.{_SHOWN}}") from error
    if not isinstance(document, dict):
        raise RecordRefusedError("it is no JSON object")
    return document


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of it; write null for a missing value")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r:.{_SHOWN}} stands twice")
    return found


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique)
