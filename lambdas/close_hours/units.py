"""What lies there: records of open hours, and closed hours as units. Pure.

An hour that is closed is a unit: one Parquet file, `HOUR/NAME-ROWS.parquet`. NAME is made of the objects that
went into it, so that the same ones give the same unit whenever they are closed again. Records that come after
their hour was closed make another unit of that hour.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lambdas.streams import hours

# An hour stays open for as long after its lateness as AcceptRecords may still be at work on a batch.
GRACE = timedelta(minutes=5)
MOST_OBJECTS = 5_000  # of one hour in one run, for which there are time and space; the others are a next unit


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A closed hour, or what came to it late."""

    hour: str
    name: str
    rows: int

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.rows}.parquet"

    @classmethod
    def read(cls, path: str) -> Unit:
        """Of a key below the units' prefix; raises ValueError."""
        hour, _, file_name = path.partition("/")
        name, _, rows = file_name.removesuffix(".parquet").rpartition("-")
        hours.begin_of(hour)
        return cls(hour=hour, name=name, rows=int(rows))


def due(keys: Iterable[str], lateness: timedelta, now: datetime) -> dict[str, list[str]]:
    """The keys below the events' prefix (`HOUR/...`) by the hours that may be closed, the oldest first."""
    found: dict[str, list[str]] = {}
    for key in sorted(keys):
        hour = key.partition("/")[0]
        if hours.is_over(hour, lateness + GRACE, now):
            found.setdefault(hour, []).append(key)
    return {hour: found[hour][:MOST_OBJECTS] for hour in sorted(found)}


def name_of(keys: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:16]


def neighbours(units: Iterable[Unit], hour: str, within: timedelta, but: str) -> list[Unit]:
    """The units that may hold a record of this hour already, apart from the one of this name."""
    return [
        unit
        for unit in units
        if hours.apart(unit.hour, hour) <= within and (unit.hour, unit.name) != (hour, but)
    ]


def window(units: Iterable[Unit], dataset_hours: int) -> list[Unit]:
    """The units of the last so many hours up to the newest, in order."""
    ordered = sorted(units, key=lambda unit: (unit.hour, unit.name))
    if not ordered:
        return []
    oldest = hours.begin_of(ordered[-1].hour) - timedelta(hours=dataset_hours - 1)
    return [unit for unit in ordered if hours.begin_of(unit.hour) >= oldest]


def is_dataset_due(
    units: Sequence[Unit], before: Iterable[str], train_every_hours: int, min_rows: int
) -> bool:
    """Of the units of the window; `before` are the newest hours of the datasets that were made."""
    if not units or sum(unit.rows for unit in units) < min_rows:
        return False
    last = max(before, default="")
    newest = units[-1].hour
    return not last or (hours.apart(newest, last) >= timedelta(hours=train_every_hours) and newest > last)
