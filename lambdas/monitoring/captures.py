"""Lines of data capture: one exchange each, as SageMaker writes them. Pure.

Fields: SageMaker Developer Guide, "Capture data from real-time endpoint". What is no such line is told apart
from an exchange whose bodies nothing here can read, and both are counted by whoever reads.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson


class BrokenLineError(ValueError):
    """The line is no capture; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer. `id` is the event's; `inference_id` the caller's, or empty."""

    id: str
    inference_id: str
    time: datetime
    request_type: str
    request: bytes
    answer_type: str
    answer: bytes


def read_line(line: bytes) -> Exchange:
    """Raises BrokenLineError."""
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BrokenLineError(f"is not JSON: {str(error)[:100]}") from error
    captured, event = _table(document, "captureData"), _table(document, "eventMetadata")
    request, answer = _table(captured, "endpointInput"), _table(captured, "endpointOutput")
    identity = event.get("eventId")
    if not isinstance(identity, str) or not identity:
        raise BrokenLineError("eventMetadata has no eventId")
    return Exchange(
        id=identity,
        inference_id=str(event.get("inferenceId") or ""),
        time=_time(str(event.get("inferenceTime"))),
        request_type=str(request.get("observedContentType") or ""),
        request=_data(request, "endpointInput"),
        answer_type=str(answer.get("observedContentType") or ""),
        answer=_data(answer, "endpointOutput"),
    )


def _table(document: Any, key: str) -> dict[str, Any]:
    found = document.get(key) if isinstance(document, dict) else None
    if not isinstance(found, dict):
        raise BrokenLineError(f"has no {key}")
    return found


@lru_cache(maxsize=8192)  # many requests of an hour share a second
def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise BrokenLineError(f"inferenceTime {text[:40]!r} is no time") from error
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)


def _data(part: dict[str, Any], name: str) -> bytes:
    """The body, which lies there as text, or in base64."""
    data, encoding = part.get("data"), part.get("encoding")
    if not isinstance(data, str):
        raise BrokenLineError(f"{name} has no data")
    if encoding != "BASE64":
        return data.encode()
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BrokenLineError(f"{name} is not the base64 that it says it is") from error
