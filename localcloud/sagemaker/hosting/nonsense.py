"""Turns a model's answer into one of the same form with wrong numbers."""

from __future__ import annotations

import re

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def scrambled(body: bytes) -> bytes:
    """Every number a thousand times larger and of the other sign, whole numbers staying whole."""

    def wrong(match: re.Match[bytes]) -> bytes:
        value = float(match[0])
        changed = -1000.0 * (value + 1.0)
        return str(int(changed) if match[0].lstrip(b"-").isdigit() else changed).encode()

    return _NUMBER.sub(wrong, body)
