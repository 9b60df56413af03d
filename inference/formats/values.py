"""One value of a request as the number that the model reads.

Both body formats come here for the unusual cases, so that each mistake is described in the same words.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Any

from inference.errors import InvalidRequestError
from inference.model import MISSING_CODE, UNKNOWN_CODE, InputColumn

_EPOCH = datetime.date(1970, 1, 1)
_BOOLEANS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}
_SHOWN_CHARACTERS = 40


def shown(value: object) -> str:
    """A value for an error message, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def number_of(value: Any, column: InputColumn, codes: Mapping[str | None, float], row: int) -> float:
    """A text of a CSV field, or a JSON value; None and the empty text of a number are missing.

    Raises InvalidRequestError naming row and column.
    """
    if column.is_category:
        return _category(value, column, codes, row)
    if value is None or value == "":
        return math.nan
    number = _READERS.get(column.type, _number)(value)
    if number is None or not math.isfinite(number):
        raise InvalidRequestError(_reason(value, column.type), row=row, column=column.name)
    return number


def _category(value: Any, column: InputColumn, codes: Mapping[str | None, float], row: int) -> float:
    if value is None:
        return MISSING_CODE
    if not isinstance(value, str):
        raise InvalidRequestError(f"{shown(value)} is not a text", row=row, column=column.name)
    return codes.get(value, UNKNOWN_CODE)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if not isinstance(value, str) or "_" in value or not value.isascii():
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _boolean(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    return _BOOLEANS.get(value.strip().lower() if isinstance(value, str) else str(value))


def _date(value: Any) -> float | None:
    try:
        return float((datetime.date.fromisoformat(value) - _EPOCH).days)
    except (TypeError, ValueError):
        return None


_READERS = {"boolean": _boolean, "date": _date}
_EXPECTED = {"boolean": "true or false", "date": "a date such as 2024-01-31"}


def _reason(value: Any, kind: str) -> str:
    expected = _EXPECTED.get(kind, "a finite number")
    if _number(value) is not None and kind not in _EXPECTED:
        return f"{shown(value)} is not {expected}; leave the field empty where the value is missing"
    return f"{shown(value)} is not {expected}"
