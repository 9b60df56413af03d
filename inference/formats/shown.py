"""Values as an error message shows them: short, whatever was sent."""

from __future__ import annotations

_SHOWN_CHARACTERS = 40
_SHOWN_ITEMS = 10
_SHOWN_LEVELS = 4
_SHOWN_BITS = 128


def shown(value: object) -> str:
    """A value for an error message, cut to a readable length.

    It never formats more than it shows: the digits of a great number, say, take time by their square, and
    Python refuses to write more than some thousands of them.
    """
    text = _text(value, _SHOWN_LEVELS)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def shown_list(values: list[str]) -> str:
    """Names for an error message; of many the first few."""
    named = ", ".join(map(shown, values[:_SHOWN_ITEMS]))
    return f"{named} and {len(values) - _SHOWN_ITEMS} more" if len(values) > _SHOWN_ITEMS else named


def _text(value: object, levels: int) -> str:
    if isinstance(value, str | bytes):
        return repr(value[: _SHOWN_CHARACTERS + 1])
    if isinstance(value, int) and value.bit_length() > _SHOWN_BITS:
        return f"a number of {value.bit_length()} bits"
    if isinstance(value, list | tuple | dict):
        return _container(value, levels)
    return repr(value)


def _container(value: list[object] | tuple[object, ...] | dict[object, object], levels: int) -> str:
    brackets = "{}" if isinstance(value, dict) else "()" if isinstance(value, tuple) else "[]"
    if not levels:
        return f"{brackets[0]}...{brackets[1]}"
    parts = []
    for count, key in enumerate(value):
        if count == _SHOWN_ITEMS:
            parts.append("...")
            break
        part = _text(key, levels - 1)
        parts.append(f"{part}: {_text(value[key], levels - 1)}" if isinstance(value, dict) else part)
    return brackets[0] + ", ".join(parts) + brackets[1]
