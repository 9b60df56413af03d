"""Hours of event time, by their names in keys. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

FORM = "%Y-%m-%dT%H"
_HOUR = timedelta(hours=1)


def name_of(moment: datetime) -> str:
    """`2026-11-28T14` for any moment of that hour, in UTC."""
    return moment.astimezone(UTC).strftime(FORM)


def begin_of(name: str) -> datetime:
    """Raises ValueError where it is no hour."""
    return datetime.strptime(name, FORM).replace(tzinfo=UTC)


def is_over(name: str, lateness: timedelta, now: datetime) -> bool:
    """Whether an hour may be closed."""
    return begin_of(name) + _HOUR + lateness <= now


def apart(one: str, other: str) -> timedelta:
    return abs(begin_of(one) - begin_of(other))


def day_of(name: str) -> str:
    return name.partition("T")[0]
