"""Makes wrong numbers of the same form of what a container says, in its answers and about them in its log."""

from __future__ import annotations

import json
import re

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def scrambled(body: bytes) -> bytes:
    """Every number a thousand times larger and of the other sign, whole numbers staying whole."""

    def wrong(match: re.Match[bytes]) -> bytes:
        value = float(match[0])
        changed = -1000.0 * (value + 1.0)
        return str(int(changed) if match[0].lstrip(b"-").isdigit() else changed).encode()

    return _NUMBER.sub(wrong, body)


def scrambled_line(line: str) -> str:
    """A log line; of one that is a JSON object, every measure (a number that is not whole, and no time)."""
    try:
        document = json.loads(line)
    except ValueError:
        return line
    if not isinstance(document, dict):
        return line
    return json.dumps({name: _wrong_measure(name, value) for name, value in document.items()})


def _wrong_measure(name: str, value: object) -> object:
    is_measure = isinstance(value, float) and "time" not in name.lower()
    return -1000.0 * (value + 1.0) if is_measure else value  # type: ignore[operator]
