"""`[monitoring]`: what of the endpoint's traffic is watched, how late labels come, and when a model is
trained anew.

A file without the table watches nothing. Expressions: EventBridge Scheduler User Guide, "Schedule types in
EventBridge Scheduler".
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from contracts.reading import Table

MAX_HOURS = 24 * 31
_RATE = re.compile(r"rate\((\d+) (minutes?|hours?|days?)\)")
_CRON_FIELDS = 6
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """A retraining starts on drift, on decay and every so many days (0: never by the calendar), where there
    are `min_new_rows` matured labelled rows that the last dataset lacks. No two start within
    `cooldown_hours`, nor more than `max_per_week`, and none after `stop_after_rejected` in a row that the
    gate did not let through: then a person decides."""

    enabled: bool = False
    on_drift: bool = True
    on_decay: bool = True
    every_days: int = 0
    min_new_rows: int = 500
    cooldown_hours: int = 24
    max_per_week: int = 3
    stop_after_rejected: int = 2

    @classmethod
    def read(cls, table: Table) -> Retraining:
        found = cls(
            enabled=table.flag("enabled", True),
            on_drift=table.flag("on_drift", True),
            on_decay=table.flag("on_decay", True),
            every_days=table.integer("every_days", 0, 366, 0),
            min_new_rows=table.integer("min_new_rows", 1, 1_000_000_000, 500),
            cooldown_hours=table.integer("cooldown_hours", 0, MAX_HOURS, 24),
            max_per_week=table.integer("max_per_week", 1, 100, 3),
            stop_after_rejected=table.integer("stop_after_rejected", 1, 100, 2),
        )
        table.finish()
        return found


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """`stages` are watched, none without the table. Each run looks at the last `window_hours` closed hours,
    and an hour is closed `capture_delay_minutes` after its end, when data capture has written it.

    `false_alarm_rate` (0-1) is of a run over all of its tests; `min_effect_share` (0-1) of the rows must have
    moved; fewer than `min_rows` say nothing. A prediction has matured `label_delay_hours` after it was made,
    and is judged for `label_days`; quality has decayed where its interval lies wholly beyond the promised
    figure by more than `max_decay_share` of it.
    """

    stages: tuple[str, ...] = ()
    schedule: str = "rate(1 hour)"
    time_zone: str = "UTC"
    window_hours: int = 24
    capture_delay_minutes: int = 10
    min_rows: int = 200
    false_alarm_rate: float = 0.01
    min_effect_share: float = 0.02
    label_delay_hours: int = 24
    label_days: int = 30
    max_decay_share: float = 0.05
    retraining: Retraining = Retraining()

    def watches(self, stage: str) -> bool:
        return stage in self.stages

    def as_document(self) -> dict[str, Any]:
        """JSON-compatible; `from_document` gives it back, in the functions of the stage."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Monitoring:
        values = {**document, "stages": tuple(document["stages"])}
        return cls(**{**values, "retraining": Retraining(**document["retraining"])})

    @classmethod
    def read(cls, table: Table, stages: tuple[str, ...]) -> Monitoring:
        """Of a table that is there; raises PipelineConfigError."""
        found = cls(
            stages=table.texts("stages", stages),
            schedule=table.text("schedule", "rate(1 hour)"),
            time_zone=table.text("time_zone", "UTC"),
            window_hours=table.integer("window_hours", 1, MAX_HOURS, 24),
            capture_delay_minutes=table.integer("capture_delay_minutes", 0, 24 * 60, 10),
            min_rows=table.integer("min_rows", 50, 1_000_000_000, 200),
            false_alarm_rate=table.number("false_alarm_rate", 1e-6, 0.5, 0.01),
            min_effect_share=table.number("min_effect_share", 0.0, 1.0, 0.02),
            label_delay_hours=table.integer("label_delay_hours", 0, MAX_HOURS, 24),
            label_days=table.integer("label_days", 1, 366, 30),
            max_decay_share=table.number("max_decay_share", 0.0, 10.0, 0.05),
            retraining=Retraining.read(table.table("retraining"))
            if table.has("retraining")
            else Retraining(),
        )
        table.finish()
        found._check(table, stages)
        return found

    def _check(self, table: Table, stages: tuple[str, ...]) -> None:
        if unknown := [stage for stage in self.stages if stage not in stages]:
            raise table.fail("stages", f"{unknown[0]!r} is not one of {', '.join(stages)}")
        if reason := refusal_of(self.schedule):
            raise table.fail("schedule", f"{self.schedule!r} {reason}")
        # The functions' images have no time zones, and nothing to do with this one.
        known = zoneinfo.available_timezones()
        if known and self.time_zone not in known:
            raise table.fail(
                "time_zone",
                f"{self.time_zone!r} is none of the IANA time zones, such as Europe/Zurich or UTC",
            )
        if self.label_delay_hours >= 24 * self.label_days:
            raise table.fail(
                "label_delay_hours",
                f"{self.label_delay_hours} hours are not under the {self.label_days} days of label_days: no "
                "prediction would ever be judged",
            )


OFF = Monitoring()


def refusal_of(expression: str) -> str:
    """Why EventBridge Scheduler would not take it for a schedule that recurs; empty where it would."""
    if rate := _RATE.fullmatch(expression):
        count, unit = int(rate[1]), rate[2]
        if count < 1 or (count == 1) == unit.endswith("s"):
            return "must name a positive number with its unit: 1 hour, 2 hours"
        return "" if count * _MINUTES[unit.rstrip("s")] <= 366 * 1440 else "is rarer than once a year"
    if expression.startswith("cron(") and expression.endswith(")"):
        fields = expression[5:-1].split()
        if len(fields) != _CRON_FIELDS:
            return (
                f"has {len(fields)} fields; a cron expression has six: minutes hours day month weekday year"
            )
        if (fields[2] == "?") == (fields[4] == "?"):
            return "must have ? for either the day of the month or the weekday"
        return "" if all(re.fullmatch(r"[A-Za-z0-9*?,/#L\-]+", field) for field in fields) else "is no cron"
    return "is neither rate(1 hour) nor cron(5 * * * ? *)"
