"""Time as the state machine passes it in: handlers never ask their own clock for a decision."""

from __future__ import annotations

from datetime import datetime


def epoch_seconds(entered_time: str) -> int:
    """`$states.context.State.EnteredTime`, ISO 8601 with a zone, as whole seconds since 1970."""
    moment = datetime.fromisoformat(entered_time)
    if moment.tzinfo is None:
        raise ValueError(f"{entered_time!r} has no time zone")
    return int(moment.timestamp())
