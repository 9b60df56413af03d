"""Content-Type, Accept and Content-Encoding: what a body is and its answer may be (RFC 9110, 8 and 12)."""

from __future__ import annotations

import functools
import zlib
from typing import NamedTuple

from inference.errors import (
    BodyTooLargeError,
    InvalidRequestError,
    NotAcceptableError,
    UnsupportedContentTypeError,
    UnsupportedEncodingError,
)
from inference.formats import media_types
from inference.formats.shown import shown

_CHARSETS = ("", "utf-8", "utf8", "us-ascii", "ascii")
_TEXTS = (media_types.CSV, media_types.JSON, media_types.JSON_LINES)
_GZIP = ("gzip", "x-gzip")
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_WINDOW_BYTES = 4096


class Negotiated(NamedTuple):
    """`given` is the request's media type, `answer` that of the answer, and `interval` the level (0-1) of the
    prediction intervals that are to come with it, None for none."""

    given: str
    answer: str
    interval: float | None = None


@functools.lru_cache(maxsize=256)
def negotiate(content_type: str, accept: str) -> Negotiated:
    """What is asked and what is answered; raises UnsupportedContentTypeError or NotAcceptableError.

    Without an Accept header the answer is of the request's own type. Of several accepted types the one of the
    highest weight is written, and of equal ones the first; a weight of 0 refuses a type (RFC 9110, 12.5.1).
    The parameter `interval` of the type that is chosen asks for prediction
    intervals: an endpoint passes Accept
    on, and no query.
    """
    given, parameters = media_types.split(content_type)
    charset = parameters.get("charset", "").lower()
    if given in _TEXTS and charset not in _CHARSETS:
        raise UnsupportedContentTypeError(f"charset {shown(charset)} is not read; send the body as UTF-8")
    default = given if given in media_types.KNOWN else media_types.JSON
    if not accept.strip():
        return Negotiated(given, default)
    answer = _choose(accept, default)
    return Negotiated(given, answer, _interval(accept, answer))


def _choose(accept: str, default: str) -> str:
    ranges = [_range(part) for part in media_types.parts_of(accept)]
    candidates = (default, *(kind for kind in media_types.KNOWN if kind != default))
    best = max(candidates, key=lambda kind: _rank(kind, ranges))
    if not _rank(best, ranges)[0]:
        known = ", ".join(media_types.KNOWN)
        raise NotAcceptableError(f"cannot answer as {shown(accept)}; known are {known}")
    return best


def _interval(accept: str, answer: str) -> float | None:
    """The level that the range which names the answer's type most exactly asks for."""
    if "interval" not in accept.lower():
        return None
    ranges = dict(reversed([media_types.split(part) for part in media_types.parts_of(accept)]))
    wanted = (answer, answer.partition("/")[0] + "/*", "*/*")
    found = next((ranges[kind] for kind in wanted if kind in ranges), {})
    if "interval" not in found:
        return None
    try:
        return float(found["interval"])
    except ValueError as error:
        raise InvalidRequestError(
            f"interval={shown(found['interval'])} in Accept is no number; write a level such as interval=0.9"
        ) from error


def _range(part: str) -> tuple[str, float]:
    """A media range and its weight; a weight that is none counts as 1, as a missing one does."""
    kind, parameters = media_types.split(part)
    try:
        weight = float(parameters.get("q", "1"))
    except ValueError:
        weight = 1.0
    return kind, weight if 0.0 <= weight <= 1.0 else 1.0


def _rank(kind: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """The weight of a type by the most specific range that names it, and how early that range stands."""
    family = kind.partition("/")[0] + "/*"
    for wanted in (kind, family, "*/*"):
        for position, (found, weight) in enumerate(ranges):
            if found == wanted:
                return weight, -position
    return 0.0, -len(ranges)


def decoded(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """A body without its content coding: none, or gzip of at most `most_bytes` unpacked."""
    return _gunzip(body, most_bytes) if check_encoding(encoding) in _GZIP else body


def check_encoding(encoding: str) -> str:
    """The content coding in small letters; raises UnsupportedEncodingError for one that is not read."""
    coding = encoding.strip().lower()
    if coding not in ("", "identity", *_GZIP):
        raise UnsupportedEncodingError(f"content-encoding {shown(encoding)} is not read; known is gzip")
    return coding


def _gunzip(body: bytes, most_bytes: int) -> bytes:
    """All members of a gzip file, one behind the other (RFC 1952, 2.2); zeros may fill up the end.

    What follows a member is copied when it ends, so members are read through a small window: a body of many
    tiny ones takes time by its size, and not by its square.
    """
    out = bytearray()
    at = 0
    while at < len(body) and not (at and body[at] == 0):
        at = _unpack_member(body, at, out, most_bytes)
    if body[at:].strip(b"\0"):
        raise InvalidRequestError("the body holds more than gzip behind its end")
    return bytes(out)


def _unpack_member(body: bytes, at: int, out: bytearray, most_bytes: int) -> int:
    """Append what one member holds; where the next begins."""
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    while not unpacker.eof:
        window = body[at : at + _WINDOW_BYTES]
        if not window:
            raise InvalidRequestError("the gzip body is cut short")
        at += len(window)
        while True:
            try:
                out += unpacker.decompress(window, most_bytes - len(out) + 1)
            except zlib.error as error:
                raise InvalidRequestError("the body is not gzip, as its content-encoding says") from error
            if len(out) > most_bytes:
                raise BodyTooLargeError(f"the body exceeds {most_bytes} bytes when unpacked")
            window = unpacker.unconsumed_tail
            if not window:
                break
    return at - len(unpacker.unused_data)
