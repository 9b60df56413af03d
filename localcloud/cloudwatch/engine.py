"""Keeps alarms and moves them between their states.

`evaluate` is called several times a wall second by a timer. An alarm is worked out again only when a period
ended or data arrived late, so that many alarms cost little. Composite alarms follow at once.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from localcloud.clock import Clock
from localcloud.cloudwatch import composite, reasons
from localcloud.cloudwatch.alarm_requests import (
    ACTION_LISTS,
    Record,
    check_actions,
    metric_alarm,
    rule_of,
    tags_of,
)
from localcloud.cloudwatch.book import AlarmBook
from localcloud.cloudwatch.datapoints import Watched, datapoints, fingerprint, watched
from localcloud.cloudwatch.errors import missing_parameter, not_found, validation_error
from localcloud.cloudwatch.evaluation import Decision, Rule, State, decide
from localcloud.cloudwatch.math_syntax import MathError
from localcloud.cloudwatch.store import MetricStore

_STATE_KEYS = (
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
)
_SUPPRESSOR_KEYS = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of one alarm's state."""

    alarm: Record
    """The alarm as it is after the change."""
    previous: Record
    """StateValue, StateReason and so on, as they were before."""
    is_composite: bool
    at: float


@dataclass(slots=True)
class _Plan:
    """How an alarm is evaluated, and what its last evaluation saw."""

    watched: Watched
    rule: Rule
    seen: tuple[float, float] | None = None


class AlarmEngine:
    """The alarms of one account and region."""

    def __init__(
        self, store: MetricStore, book: AlarmBook, clock: Clock, announce: Callable[[Transition], None]
    ) -> None:
        self.book = book
        self.lock = RLock()
        self._store = store
        self._clock = clock
        self._announce = announce
        self._plans: dict[str, _Plan] = {}

    def evaluate(self) -> None:
        """Bring every alarm up to the clock's now."""
        with self.lock:
            now = self._clock.now()
            for record in list(self.book.metric.values()):
                self._evaluate(record, now)

    def put_metric_alarm(self, request: dict[str, Any]) -> Record:
        """Create an alarm, or change one and leave its state and tags."""
        record, tags = metric_alarm(request), tags_of(request)
        with self.lock:
            self._plans.pop(record["AlarmName"], None)
            self._store_record(record, tags, self.book.metric)
            return record

    def put_composite_alarm(self, request: dict[str, Any]) -> Record:
        """Create or change a composite alarm; its rule is evaluated at once."""
        name, rule = request.get("AlarmName"), request.get("AlarmRule")
        if not name:
            raise missing_parameter("AlarmName")
        if unsupported := [key for key in _SUPPRESSOR_KEYS if request.get(key) is not None]:
            raise validation_error(f"{unsupported[0]} is not supported by the embedded cloud; leave it out")
        check_actions(request)
        tags = tags_of(request)
        record: Record = {"AlarmName": name, "AlarmRule": rule or ""}
        if request.get("AlarmDescription") is not None:
            record["AlarmDescription"] = request["AlarmDescription"]
        record["ActionsEnabled"] = request.get("ActionsEnabled", True)
        record.update({key: list(request.get(key) or []) for key in ACTION_LISTS})
        with self.lock:
            self._check_children(composite.parse(record["AlarmRule"]))
            self._store_record(record, tags, self.book.composite)
            self._reevaluate(record, f"{record['AlarmArn']} was evaluated", frozenset())
            return record

    def delete(self, names: list[str]) -> None:
        """Delete alarms; those that a composite alarm needs stay, and the request is refused."""
        with self.lock:
            if sum(self.book.is_composite(name) for name in set(names)) > 1:
                raise validation_error("Only one composite alarm can be deleted in a single request.")
            for name in names:
                self._refuse_if_needed(name)
            for name in names:
                if self.book.get(name) is not None:
                    self._write_history(name, "ConfigurationUpdate", f'Alarm "{name}" deleted', {})
                self.book.metric.pop(name, None)
                self.book.composite.pop(name, None)
                self.book.tags.pop(self.book.arn(name), None)
                self._plans.pop(name, None)

    def set_state(self, name: str, state: str, reason: str, reason_data: str | None) -> None:
        """Set a state by hand; it lasts until the alarm is next worked out."""
        if state not in list(State):
            raise validation_error(f"StateValue must be one of {', '.join(State)}, not '{state}'")
        if reason_data:
            _check_json(reason_data)
        with self.lock:
            record = self.book.get(name)
            if record is None:
                raise not_found(f"There is no alarm named '{name}'")
            self._move(record, State(state), reason, reason_data, frozenset())

    def enable_actions(self, names: list[str], enabled: bool) -> None:
        """Let alarms act on their changes of state, or stop them."""
        with self.lock:
            for record in filter(None, map(self.book.get, names)):
                record["ActionsEnabled"] = enabled

    def replace_tags(self, name: str, tags: dict[str, str]) -> None:
        """Give an alarm these tags and no others."""
        with self.lock:
            self.book.tags[self.book.arn(name)] = tags

    def states(self, names: list[str]) -> dict[str, str]:
        """The states of those of the named alarms that exist."""
        with self.lock:
            found = ((name, self.book.get(name)) for name in names)
            return {name: record["StateValue"] for name, record in found if record is not None}

    def forget_plans(self) -> None:
        """Work every alarm out anew, because its record may have been replaced."""
        with self.lock:
            self._plans.clear()

    def note_action(self, name: str, summary: str, data: dict[str, Any]) -> None:
        """Write into an alarm's history what became of one of its actions."""
        with self.lock:
            self._write_history(name, "Action", summary, data)

    def _evaluate(self, record: Record, now: float) -> None:
        plan = self._plans.get(record["AlarmName"])
        if plan is None:
            plan = self._plans[record["AlarmName"]] = _Plan(watched(record), rule_of(record))
        end = plan.watched.last_end(now)
        count = plan.rule.range_periods
        start = end - count * plan.watched.period_seconds
        seen = (end, fingerprint(plan.watched, self._store, start, end))
        if seen == plan.seen:
            return
        plan.seen = seen
        try:
            points = datapoints(plan.watched, self._store, end, count)
        except MathError as error:
            record["EvaluationState"] = "EVALUATION_ERROR"
            self._move(record, State.INSUFFICIENT_DATA, f"Error in expression: {error}", None, frozenset())
            return
        record.pop("EvaluationState", None)
        self._apply(record, plan, points, now)

    def _apply(self, record: Record, plan: _Plan, points: reasons.Datapoints, now: float) -> None:
        if _has_too_few_samples(record, plan, points):
            return
        decision = decide([point.value if point else None for _, point in points], plan.rule)
        if decision.state is None or decision.state == record["StateValue"]:
            return
        reason, data = self._explained(plan, points, decision, decision.state, now)
        self._move(record, decision.state, reason, data, frozenset())

    def _explained(
        self, plan: _Plan, points: reasons.Datapoints, decision: Decision, state: State, now: float
    ) -> tuple[str, str]:
        data = reasons.reason_data(plan.watched, points, decision, plan.rule, now)
        return reasons.reason(points, decision, plan.rule, state), json.dumps(data)

    def _store_record(self, record: Record, tags: dict[str, str], shelf: Any) -> None:
        name, now = record["AlarmName"], self._clock.now()
        existing = shelf.get(name)
        if existing is None and self.book.get(name) is not None:
            raise validation_error(f"An alarm of another type is already named '{name}'")
        record["AlarmArn"] = self.book.arn(name)
        record["AlarmConfigurationUpdatedTimestamp"] = now
        if existing is None:
            record["StateValue"] = State.INSUFFICIENT_DATA.value
            record["StateReason"] = "Unchecked: Initial alarm creation"
            record["StateUpdatedTimestamp"] = record["StateTransitionedTimestamp"] = now
            self.book.tags[record["AlarmArn"]] = tags
        else:
            record.update({key: existing[key] for key in _STATE_KEYS if key in existing})
        shelf[name] = record
        verb = "created" if existing is None else "updated"
        self._write_history(
            name, "ConfigurationUpdate", f'Alarm "{name}" {verb}', {"type": verb.capitalize()}
        )

    def _move(
        self, record: Record, state: State, reason: str, reason_data: str | None, above: frozenset[str]
    ) -> None:
        """Set a state; a change is written down, announced, and carried to the composite alarms."""
        previous = {key: record[key] for key in _STATE_KEYS if key in record}
        now = self._clock.now()
        record["StateValue"], record["StateReason"] = state.value, reason
        record["StateUpdatedTimestamp"] = now
        record.pop("StateReasonData", None)
        if reason_data:
            record["StateReasonData"] = reason_data
        if previous["StateValue"] == state:
            return
        record["StateTransitionedTimestamp"] = now
        name = record["AlarmName"]
        self._write_history(
            name,
            "StateUpdate",
            f"Alarm updated from {previous['StateValue']} to {state}",
            {"oldState": _state_document(previous), "newState": _state_document(record)},
        )
        self._announce(Transition(copy.deepcopy(record), previous, self.book.is_composite(name), now))
        self._move_parents(record, above | {name})

    def _move_parents(self, child: Record, above: frozenset[str]) -> None:
        moment = datetime.fromtimestamp(child["StateUpdatedTimestamp"], UTC)
        reason = (
            f"{child['AlarmArn']} transitioned to {child['StateValue']} at "
            f"{moment.strftime('%A %d %B, %Y %H:%M:%S')} UTC"
        )
        for parent in list(self.book.composite.values()):
            if parent["AlarmName"] not in above and child["AlarmName"] in self._children(parent):
                self._reevaluate(parent, reason, above)

    def _reevaluate(self, record: Record, reason: str, above: frozenset[str]) -> None:
        tree = composite.parse(record["AlarmRule"])
        state = State.ALARM if composite.truth(tree, self._state_of) else State.OK
        if state != record["StateValue"]:
            self._move(record, state, reason, json.dumps(self._triggering(record)), above)

    def _triggering(self, record: Record) -> dict[str, Any]:
        children = filter(None, (self.book.get(name) for name in self._children(record)))
        return {
            "triggeringAlarms": [
                {
                    "arn": child["AlarmArn"],
                    "state": {
                        "value": child["StateValue"],
                        "timestamp": reasons.timestamp(child["StateUpdatedTimestamp"]),
                    },
                }
                for child in children
            ]
        }

    def _children(self, record: Record) -> list[str]:
        found = composite.references(composite.parse(record["AlarmRule"]))
        return list(dict.fromkeys(self.book.name_of(reference) for reference in found))

    def _check_children(self, tree: composite.Tree) -> None:
        names = dict.fromkeys(self.book.name_of(reference) for reference in composite.references(tree))
        if missing := [self.book.arn(name) for name in names if self.book.get(name) is None]:
            raise validation_error(
                f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule "
                "do not exist"
            )

    def _refuse_if_needed(self, name: str) -> None:
        needing = [
            parent["AlarmName"] for parent in self.book.composite.values() if name in self._children(parent)
        ]
        if needing:
            raise validation_error(f"Cannot delete {name} as there are composite alarm(s) depending on it.")

    def _state_of(self, reference: str) -> str | None:
        record = self.book.get(self.book.name_of(reference))
        return record["StateValue"] if record else None

    def _write_history(self, name: str, item_type: str, summary: str, data: dict[str, Any]) -> None:
        document = json.dumps({"version": "1.0", **data})
        self.book.record(name, item_type, summary, document, self._clock.now())


def _has_too_few_samples(record: Record, plan: _Plan, points: reasons.Datapoints) -> bool:
    """Whether a percentile rests on too few samples for an alarm that ignores such.

    Below 10 / (1 - percentile) samples, or 10 / percentile under the median (User Guide, "Percentile-based
    alarms and low data samples").
    """
    share = plan.watched.percentile_share
    if record.get("EvaluateLowSampleCountPercentile") != "ignore" or share is None or not 0 < share < 1:
        return False
    samples = [point.samples for _, point in points[-plan.rule.periods :] if point is not None]
    return bool(samples) and sum(samples) < 10 / (1 - share if share >= 0.5 else share)


def _state_document(record: Record) -> dict[str, Any]:
    document = {"stateValue": record["StateValue"], "stateReason": record.get("StateReason", "")}
    if record.get("StateReasonData"):
        document["stateReasonData"] = json.loads(record["StateReasonData"])
    return document


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        raise validation_error("StateReasonData must be JSON") from None
