"""The stage's alarms: those that stand, and those of a deployment that is under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.names import Names
from operations.reading.clients import Clients, pages
from operations.reading.stack import Stack


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """`state` is OK, ALARM or INSUFFICIENT_DATA; `is_rollback` where it takes a deployment back; `short_name`
    is what it watches."""

    name: str
    short_name: str
    state: str
    reason: str
    since: datetime | None
    description: str
    is_rollback: bool
    is_composite: bool

    @property
    def fires(self) -> bool:
        return self.state == "ALARM"


def read(clients: Clients, stack: Stack) -> tuple[Alarm, ...]:
    """Those that fire first, then by name."""
    names = Names(stack.pipeline, stack.stage)
    found = pages(
        clients("cloudwatch"),
        "describe_alarms",
        AlarmNamePrefix=f"{stack.name}-",
        AlarmTypes=["MetricAlarm", "CompositeAlarm"],
    )
    alarms = [
        _alarm(item, names, is_composite=kind == "CompositeAlarms")
        for page in found
        for kind in ("MetricAlarms", "CompositeAlarms")
        for item in page.get(kind, [])
    ]
    return tuple(sorted(alarms, key=lambda alarm: (not alarm.fires, alarm.is_rollback, alarm.name)))


def _alarm(item: dict[str, Any], names: Names, *, is_composite: bool) -> Alarm:
    name = str(item["AlarmName"])
    is_rollback = name.startswith(names.rollback_alarm_prefix)
    return Alarm(
        name=name,
        short_name=_watched(name, names) if is_rollback else name.removeprefix(f"{names.prefix}-"),
        state=str(item.get("StateValue", "INSUFFICIENT_DATA")),
        reason=str(item.get("StateReason", "")),
        since=item.get("StateTransitionedTimestamp") or item.get("StateUpdatedTimestamp"),
        description=str(item.get("AlarmDescription", "")),
        is_rollback=is_rollback,
        is_composite=is_composite,
    )


def _watched(name: str, names: Names) -> str:
    """`housing-dev-green-housing-dev-0123456789abcdef-error-rate` watches the error rate: what follows the
    config, which is the endpoint's name and a hash."""
    rest = name.removeprefix(names.rollback_alarm_prefix).removeprefix(f"{names.endpoint}-")
    return rest.partition("-")[2] or rest
