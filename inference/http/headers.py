"""What single headers mean."""

from __future__ import annotations

import re

from inference.errors import ExpectationError, InvalidRequestError, UnknownCodingError
from inference.formats.openinference import HEADER_LENGTH
from inference.formats.shown import shown

JSON_LENGTH = HEADER_LENGTH.encode()
REQUEST_IDS = (b"x-request-id", b"x-amzn-sagemaker-inference-id")
HEAD_END = b"\r\n\r\n"
_MAX_REQUEST_ID_LENGTH = 128
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.:=+/-]{1,%d}" % _MAX_REQUEST_ID_LENGTH)
# Headers that make a head one of its kind, not to be known again.
SPECIAL = frozenset(
    (b"expect", b"transfer-encoding", b"content-encoding", b"upgrade", JSON_LENGTH, *REQUEST_IDS)
)
_PLAIN = (b"host", b"content-type", b"accept", b"content-length", b"connection")
# All that mean something here, in small letters, by the spellings that clients use.
HEEDED = {spelt: name for name in (*_PLAIN, *SPECIAL) for spelt in (name, name.title(), name.upper())}
# A host and perhaps a port (RFC 9110, 7.2): nothing that could be read as something else further on.
_HOST = re.compile(rb"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?")
_ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


def json_length(value: bytes, name: str = HEADER_LENGTH) -> int:
    """How much of a body is JSON; raises InvalidRequestError where it is no whole number."""
    if not value.isdigit() or len(value) > 18:
        raise InvalidRequestError(f"{name} is {value[:40].decode('latin-1')!r}, not a whole number")
    return int(value)


def request_id(value: bytes) -> str:
    """A client's id, as it goes into a header and a log line again."""
    if _REQUEST_ID.fullmatch(value):
        return value.decode("ascii")
    text = value.decode("latin-1")[:_MAX_REQUEST_ID_LENGTH]
    return "".join(c for c in text if c.isascii() and (c.isalnum() or c in "-_.:=+/"))


def path_of(target: str) -> str:
    """The path of a request target in origin form or absolute form (RFC 9112, 3.2), without its query."""
    if target[:1] != "/":
        target = _ABSOLUTE.sub("", target, count=1)
    return target.partition("?")[0] or "/"


def check_host(hosts: int, value: bytes, version: str) -> None:
    """HTTP/1.1 wants one Host, and a valid one in any version (RFC 9112, 3.2); raises InvalidRequestError."""
    if hosts > 1 or (not hosts and version != "1.0"):
        raise InvalidRequestError(f"the request has {hosts or 'no'} Host headers; HTTP/1.1 wants exactly one")
    if not _HOST.fullmatch(value):
        raise InvalidRequestError(f"Host is {_shown(value)}, which is no host and port")


def check_transfer_coding(value: bytes, version: str) -> None:
    """Raises UnknownCodingError for any coding but chunked, and InvalidRequestError where chunked comes twice
    or the version has no codings (RFC 9112, 6.1)."""
    if version == "1.0":
        raise InvalidRequestError("HTTP/1.0 has no transfer codings")
    codings = [part.strip().lower() for part in value.split(b",")]
    if any(coding != b"chunked" for coding in codings):
        raise UnknownCodingError(f"transfer-encoding {_shown(value)} is not read; known is chunked")
    if len(codings) > 1:
        raise InvalidRequestError("the transfer coding chunked is named more than once")


def wants_continue(value: bytes, version: str) -> bool:
    """Whether a client waits to be told to go on. HTTP/1.0 does not (RFC 9110, 10.1.1); raises
    ExpectationError for another expectation."""
    if version == "1.0":
        return False
    if value.strip().lower() != b"100-continue":
        raise ExpectationError(f"expectation {_shown(value)} cannot be met; known is 100-continue")
    return True


def _shown(value: bytes) -> str:
    return shown(value.decode("latin-1"))
