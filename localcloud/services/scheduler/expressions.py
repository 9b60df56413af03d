"""When a schedule is due: rate, cron and at, in a time zone.

EventBridge Scheduler User Guide, "Schedule types": a time that the spring's change leaves out is skipped, and
one that the autumn's repeats is due once.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.ministack_adapter import eventbridge

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\(([^()]+)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
"""Of minutes, hours, days of the month, months, days of the week and years."""
_CRON_FIELDS = len(_BOUNDS)
_STEP = re.compile(r"[/#]\d+")
_PLACES_OF_DAYS = (2, 4)
_SKIPPED_AT_MOST = 1000


class ExpressionError(ValueError):
    """The expression or the time zone is none; the message is what CreateSchedule answers."""


@dataclass(frozen=True)
class Rate:
    """Every so many seconds from the schedule's beginning."""

    seconds: int

    def after(self, moment: datetime, beginning: datetime) -> datetime | None:
        """The first time later than `moment`."""
        step = timedelta(seconds=self.seconds)
        return beginning + max(1, (moment - beginning) // step + 1) * step


@dataclass(frozen=True)
class At:
    """Once."""

    moment: datetime

    def after(self, moment: datetime, beginning: datetime) -> datetime | None:
        return self.moment if self.moment > moment else None


@dataclass(frozen=True)
class Cron:
    """By the calendar of a time zone; `fields` are ministack's."""

    fields: Any
    zone: zoneinfo.ZoneInfo

    def after(self, moment: datetime, beginning: datetime) -> datetime | None:
        """Calendars are walked on the zone's own clock, and only its times that exist are due."""
        local = moment.astimezone(self.zone).replace(tzinfo=UTC, fold=0)
        for _ in range(_SKIPPED_AT_MOST):
            walked: datetime | None = eventbridge.cron_next_fire(self.fields, local)
            if walked is None:
                return None
            local = walked
            found = local.replace(tzinfo=self.zone).astimezone(UTC)
            exists = found.astimezone(self.zone).replace(tzinfo=UTC, fold=0) == local
            if exists and found > moment:
                return found
        return None


Times = Rate | At | Cron


def parse(expression: str, time_zone: str = "UTC") -> Times:
    """Raises ExpressionError."""
    zone = _zone(time_zone or "UTC")
    if rate := _RATE.fullmatch(expression):
        count = int(rate[1])
        if count and (count == 1) == (not rate[3]):
            return Rate(count * _SECONDS[rate[2]])
    if at := _AT.fullmatch(expression):
        try:
            return At(datetime.fromisoformat(at[1]).replace(tzinfo=zone).astimezone(UTC))
        except ValueError:
            pass
    if cron := _CRON.fullmatch(expression):
        fields = cron[1].split()
        days = [fields[place] == "?" for place in _PLACES_OF_DAYS] if len(fields) == _CRON_FIELDS else []
        found = _cron_fields(expression) if sum(days) == 1 and _are_within(fields) else None
        if found is not None:
            return Cron(found, zone)
    raise ExpressionError(f"Invalid Schedule Expression {expression}.")


def _are_within(fields: Sequence[str]) -> bool:
    return all(
        low <= int(number) <= high
        for field, (low, high) in zip(fields, _BOUNDS, strict=True)
        for number in re.findall(r"\d+", _STEP.sub("", field))
    )


def _cron_fields(expression: str) -> Any:
    try:
        return eventbridge.parse_cron_fields(expression)
    except ValueError:
        return None


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ExpressionError(f"Invalid Schedule Expression Timezone {name}.") from None
