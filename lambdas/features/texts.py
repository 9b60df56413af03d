"""Values of features as the store holds them, which is text, and back. Pure.

A feature's text takes no line break (Feature Store runtime, `FeatureValue`, pattern `.*`): a text that has a
control character, or begins as such a one is written, is written as JSON.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

_LEAST = " "


def write(value: Any) -> str | None:
    """None for a missing value, which has no text."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    text = value.isoformat() if isinstance(value, date) else str(value)
    if text.startswith('"') or any(letter < _LEAST or letter in "\x7f\x85\u2028\u2029" for letter in text):
        return json.dumps(text)
    return text


def read(text: str | None, kind: str, *, is_boolean: bool = False) -> Any:
    """The value as JSON has it; `kind` is the store's type."""
    if text is None:
        return None
    if kind == "Integral":
        return bool(int(text)) if is_boolean else int(text)
    if kind == "Fractional":
        return float(text)
    return json.loads(text) if text.startswith('"') else text


def seconds(moment_us: int) -> str:
    """Unix time in seconds as an event time's text, to the microsecond."""
    return f"{moment_us // 1_000_000}.{moment_us % 1_000_000:06d}"


def microseconds(text: str) -> int:
    whole, _, rest = text.partition(".")
    return int(whole) * 1_000_000 + int(f"{rest:0<6.6}")
