"""Hours in UTC, by which captures lie and the monitor works. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
_TEXT, _FOLDER = "%Y-%m-%dT%H", "%Y/%m/%d/%H"


def moment(text: str) -> datetime:
    """A time of ISO 8601 in UTC; raises ValueError on one without a zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return found.astimezone(UTC)


def last_closed(now: datetime, delay_minutes: int) -> datetime:
    """The beginning of the newest hour that ended so many minutes ago."""
    known = now - timedelta(minutes=delay_minutes)
    return known.replace(minute=0, second=0, microsecond=0) - HOUR


def text_of(hour: datetime) -> str:
    """Such as 2026-11-28T14."""
    return hour.strftime(_TEXT)


def read(text: str) -> datetime:
    return datetime.strptime(text, _TEXT).replace(tzinfo=UTC)


def folder_of(hour: datetime) -> str:
    """As SageMaker names the folders of its captures: 2026/11/28/14 (Developer Guide, "Capture data from
    real-time endpoint")."""
    return hour.strftime(_FOLDER)


def of_folder(folder: str) -> datetime:
    return datetime.strptime(folder, _FOLDER).replace(tzinfo=UTC)


def between(first: datetime, last: datetime) -> list[datetime]:
    """Both included, in their order."""
    return [first + number * HOUR for number in range(int((last - first) / HOUR) + 1)]
