"""Time as the state machine passes it in: handlers never ask their own clock for a decision."""

from __future__ import annotations

from datetime import UTC, datetime


def epoch_seconds(text: str) -> int:
    """JSONata's `$now()` at this attempt, ISO 8601 with a zone, as whole seconds since 1970."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return int(moment.timestamp())


def utc(text: str) -> str:
    """JSONata's `$now()` as UTC in one form that sorts: `2026-11-22T02:50:00.000+00:00`."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
