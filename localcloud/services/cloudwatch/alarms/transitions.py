"""Moves alarms from state to state: writes it down, announces it, and moves composite alarms at once."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localcloud.host.clock import Clock
from localcloud.services.cloudwatch.alarms import composite, reasons
from localcloud.services.cloudwatch.alarms.evaluation import State
from localcloud.services.cloudwatch.alarms.records import AlarmRecords
from localcloud.services.cloudwatch.alarms.requests import Record

STATE_KEYS = (
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
)


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of one alarm's state."""

    alarm: Record
    """The alarm as it is after the change."""
    previous: Record
    """StateValue, StateReason and so on, as they were before."""
    is_composite: bool
    at: float


class Mover:
    """Changes the states of one account and region's alarms; its caller holds the lock."""

    def __init__(
        self, alarm_records: AlarmRecords, clock: Clock, announce: Callable[[Transition], None]
    ) -> None:
        self._alarm_records = alarm_records
        self._clock = clock
        self._announce = announce

    def move(
        self,
        record: Record,
        state: State,
        reason: str,
        reason_data: str | None = None,
        above: frozenset[str] = frozenset(),
    ) -> None:
        """Set a state; `above` names the alarms whose change led here, so that circles come to rest."""
        previous = {key: record[key] for key in STATE_KEYS if key in record}
        now = self._clock.now()
        record["StateValue"], record["StateReason"] = state.value, reason
        record["StateUpdatedTimestamp"] = now
        record.pop("StateReasonData", None)
        if reason_data:
            record["StateReasonData"] = reason_data
        if previous["StateValue"] == state:
            return
        record["StateTransitionedTimestamp"] = now
        self._write_down(record, previous)
        name = record["AlarmName"]
        self._announce(
            Transition(copy.deepcopy(record), previous, self._alarm_records.is_composite(name), now)
        )
        self._move_parents(record, above | {name})

    def reevaluate(self, record: Record, reason: str, above: frozenset[str] = frozenset()) -> None:
        """Move a composite alarm to the state that its rule calls for."""
        tree = composite.parse(record["AlarmRule"])
        state = State.ALARM if composite.truth(tree, self._state_of) else State.OK
        if state != record["StateValue"]:
            self.move(record, state, reason, json.dumps(self._triggering(record)), above)

    def children(self, record: Record) -> list[str]:
        """The names of the alarms that a composite alarm's rule looks at."""
        found = composite.references(composite.parse(record["AlarmRule"]))
        return list(dict.fromkeys(self._alarm_records.name_of(reference) for reference in found))

    def write(self, name: str, item_type: str, summary: str, data: dict[str, Any]) -> None:
        """Write into an alarm's history."""
        document = json.dumps({"version": "1.0", **data})
        self._alarm_records.record(name, item_type, summary, document, self._clock.now())

    def _write_down(self, record: Record, previous: Record) -> None:
        self.write(
            record["AlarmName"],
            "StateUpdate",
            f"Alarm updated from {previous['StateValue']} to {record['StateValue']}",
            {"oldState": _state_document(previous), "newState": _state_document(record)},
        )

    def _move_parents(self, child: Record, above: frozenset[str]) -> None:
        moment = datetime.fromtimestamp(child["StateUpdatedTimestamp"], UTC)
        reason = (
            f"{child['AlarmArn']} transitioned to {child['StateValue']} at "
            f"{moment.strftime('%A %d %B, %Y %H:%M:%S')} UTC"
        )
        for parent in list(self._alarm_records.composite.values()):
            if parent["AlarmName"] not in above and child["AlarmName"] in self.children(parent):
                self.reevaluate(parent, reason, above)

    def _triggering(self, record: Record) -> dict[str, Any]:
        children = filter(None, (self._alarm_records.get(name) for name in self.children(record)))
        return {"triggeringAlarms": [_triggering_alarm(child) for child in children]}

    def _state_of(self, reference: str) -> str | None:
        record = self._alarm_records.get(self._alarm_records.name_of(reference))
        return record["StateValue"] if record else None


def _triggering_alarm(child: Record) -> dict[str, Any]:
    changed = reasons.timestamp(child["StateUpdatedTimestamp"])
    return {"arn": child["AlarmArn"], "state": {"value": child["StateValue"], "timestamp": changed}}


def _state_document(record: Record) -> dict[str, Any]:
    document = {"stateValue": record["StateValue"], "stateReason": record.get("StateReason", "")}
    if record.get("StateReasonData"):
        document["stateReasonData"] = json.loads(record["StateReasonData"])
    return document
