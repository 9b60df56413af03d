"""`[scaling]`: a fleet that keeps its latency by its size, within bounds.

Limits: Application Auto Scaling API reference, `TargetTrackingScalingPolicyConfiguration`; User Guide,
"Schedule expressions" (at, rate and cron, the last of them in a time zone).
"""

from __future__ import annotations

import hashlib
import json
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from contracts.monitoring import refusal_of
from contracts.reading import Table

MAX_INSTANCES = 1000
_AT = re.compile(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, kw_only=True)
class ScheduledBounds:
    """From each time of `schedule` on, the fleet has at least and at most so many instances."""

    name: str
    schedule: str
    min_instances: int
    max_instances: int
    time_zone: str = "UTC"


@dataclass(frozen=True, kw_only=True)
class FleetScaling:
    """`stages` scale themselves; without the table none does. A fleet has `min_instances` to
    `max_instances`, each asked as often as keeps the slowest 1 % of the requests within `max_p99_ms` by the
    model's own measured time, and loaded by `max_load_share` (0-1) at most. The cooldowns are the seconds
    until a fleet grows or shrinks again."""

    stages: tuple[str, ...] = ()
    min_instances: int = 2
    max_instances: int = 10
    max_p99_ms: float = 100.0
    max_load_share: float = 0.75
    scale_out_cooldown_seconds: int = 60
    scale_in_cooldown_seconds: int = 300
    schedules: tuple[ScheduledBounds, ...] = ()

    def scales(self, stage: str) -> bool:
        return stage in self.stages

    def as_document(self) -> dict[str, Any]:
        """JSON-compatible, without the stages: it is what one stage's functions read."""
        return {key: value for key, value in asdict(self).items() if key != "stages"}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> FleetScaling:
        schedules = tuple(ScheduledBounds(**schedule) for schedule in document["schedules"])
        return cls(**{**document, "schedules": schedules})

    @property
    def fingerprint(self) -> str:
        """Eight characters that change with any of it."""
        text = json.dumps(self.as_document(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @classmethod
    def read(cls, table: Table, stages: tuple[str, ...]) -> FleetScaling:
        """Of a table that is there; raises PipelineConfigError."""
        low = table.integer("min_instances", 1, MAX_INSTANCES, 2)
        high = table.integer("max_instances", 1, MAX_INSTANCES, 10)
        found = cls(
            stages=table.texts("stages", stages),
            min_instances=low,
            max_instances=high,
            max_p99_ms=table.number("max_p99_ms", 1.0, 60_000.0, 100.0),
            max_load_share=table.number("max_load_share", 0.05, 1.0, 0.75),
            scale_out_cooldown_seconds=table.integer("scale_out_cooldown_seconds", 0, 3600, 60),
            scale_in_cooldown_seconds=table.integer("scale_in_cooldown_seconds", 0, 3600, 300),
            schedules=table.tables("schedules", _schedule, required=False),
        )
        table.finish()
        if unknown := [stage for stage in found.stages if stage not in stages]:
            raise table.fail("stages", f"{unknown[0]!r} is not one of {', '.join(stages)}")
        if low > high:
            raise table.fail("min_instances", f"{low} are more than the max_instances, {high}")
        names = [schedule.name for schedule in found.schedules]
        if twice := [name for name in names if names.count(name) > 1]:
            raise table.fail("schedules", f"two are named {twice[0]!r}")
        return found


FIXED = FleetScaling()


def _schedule(table: Table) -> ScheduledBounds:
    found = ScheduledBounds(
        name=table.text("name"),
        schedule=table.text("schedule"),
        min_instances=table.integer("min_instances", 1, MAX_INSTANCES),
        max_instances=table.integer("max_instances", 1, MAX_INSTANCES),
        time_zone=table.text("time_zone", "UTC"),
    )
    table.finish()
    if not _NAME.fullmatch(found.name):
        raise table.fail("name", f"{found.name!r} must be small letters, digits and hyphens, 40 at most")
    if not _AT.fullmatch(found.schedule) and (reason := refusal_of(found.schedule)):
        raise table.fail("schedule", f"{found.schedule!r} {reason}, nor at(2030-01-31T07:00:00)")
    if found.min_instances > found.max_instances:
        raise table.fail(
            "min_instances", f"{found.min_instances} are more than the max_instances, {found.max_instances}"
        )
    known = zoneinfo.available_timezones()
    if known and found.time_zone not in known:
        raise table.fail("time_zone", f"{found.time_zone!r} is none of the IANA time zones")
    return found
