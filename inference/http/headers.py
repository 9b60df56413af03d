"""What single headers mean."""

from __future__ import annotations

import re

from inference.errors import InvalidRequestError
from inference.formats.openinference import HEADER_LENGTH

JSON_LENGTH = HEADER_LENGTH.encode()
REQUEST_IDS = (b"x-request-id", b"x-amzn-sagemaker-inference-id")
HEAD_END = b"\r\n\r\n"
_MAX_REQUEST_ID_LENGTH = 128
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_PASSED_OVER = b"x-grade"
# Headers that make a head one of its kind, not to be known again.
SPECIAL = frozenset((b"expect", b"transfer-encoding", _PASSED_OVER, JSON_LENGTH, *REQUEST_IDS))


def without_upgrade(data: bytes) -> bytes:
    """Pass over an offer to upgrade, such as Java's client makes: the parser would end with it."""
    head, end, body = data.partition(HEAD_END)
    return _UPGRADE.sub(b"\r\n" + _PASSED_OVER + b":", head) + end + body


def json_length(value: bytes, name: str = HEADER_LENGTH) -> int:
    """How much of a body is JSON; raises InvalidRequestError where it is no whole number."""
    if not value.isdigit() or len(value) > 18:
        raise InvalidRequestError(f"{name} is {value[:40].decode('latin-1')!r}, not a whole number")
    return int(value)


def request_id(value: bytes) -> str:
    """A client's id, as it goes into a header and a log line again."""
    text = value.decode("latin-1")[:_MAX_REQUEST_ID_LENGTH]
    return "".join(c for c in text if c.isascii() and (c.isalnum() or c in "-_.:=+/"))
