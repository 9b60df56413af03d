"""Keeps the alarms of one account and region, and works out their states.

`evaluate` is called several times a wall second by a timer. An alarm is worked out again only when a period
ended or data arrived late, so that many alarms cost little.
"""

import json
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from threading import RLock
from typing import Any

from localcloud.host.clock import Clock
from localcloud.services.cloudwatch.alarms import composite, reasons
from localcloud.services.cloudwatch.alarms.datapoints import Watched, datapoints, fingerprint, watched
from localcloud.services.cloudwatch.alarms.evaluation import Rule, State, decide
from localcloud.services.cloudwatch.alarms.records import AlarmRecords
from localcloud.services.cloudwatch.alarms.requests import (
    ACTION_LISTS,
    Record,
    check_actions,
    metric_alarm,
    rule_of,
    tags_of,
)
from localcloud.services.cloudwatch.alarms.transitions import STATE_KEYS, Mover, Transition
from localcloud.services.cloudwatch.errors import missing_parameter, not_found, validation_error
from localcloud.services.cloudwatch.metric_math.syntax import MathError
from localcloud.services.cloudwatch.metrics.store import MetricStore

_SUPPRESSOR_KEYS = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


@dataclass(slots=True)
class _Plan:
    """How an alarm is evaluated, and what its last evaluation saw."""

    watched: Watched
    rule: Rule
    seen: tuple[float, float] | None = None


class AlarmEngine:
    """The alarms of one account and region; safe to use from any thread."""

    def __init__(
        self,
        store: MetricStore,
        alarm_records: AlarmRecords,
        clock: Clock,
        announce: Callable[[Transition], None],
    ) -> None:
        self.alarm_records = alarm_records
        self.lock = RLock()
        self._store = store
        self._clock = clock
        self._mover = Mover(alarm_records, clock, announce)
        self._plans: dict[str, _Plan] = {}

    def evaluate(self) -> None:
        """Bring every alarm up to the clock's now."""
        with self.lock:
            now = self._clock.now()
            for record in list(self.alarm_records.metric.values()):
                self._evaluate(record, now)

    def put_metric_alarm(self, request: dict[str, Any]) -> Record:
        """Create an alarm, or change one and leave its state and tags."""
        record, tags = metric_alarm(request), tags_of(request)
        with self.lock:
            self._plans.pop(record["AlarmName"], None)
            self._keep(record, tags, self.alarm_records.metric)
            return record

    def put_composite_alarm(self, request: dict[str, Any]) -> Record:
        """Create or change a composite alarm; its rule is evaluated at once."""
        record, tags = _composite_alarm(request), tags_of(request)
        with self.lock:
            self._check_children(composite.parse(record["AlarmRule"]))
            self._keep(record, tags, self.alarm_records.composite)
            self._mover.reevaluate(record, f"{record['AlarmArn']} was evaluated")
            return record

    def delete(self, names: list[str]) -> None:
        """Delete alarms; those that a composite alarm needs stay, and the request is refused."""
        with self.lock:
            if sum(self.alarm_records.is_composite(name) for name in set(names)) > 1:
                raise validation_error("Only one composite alarm can be deleted in a single request.")
            for name in names:
                self._refuse_if_needed(name)
            for name in filter(self.alarm_records.get, names):
                self._mover.write(name, "ConfigurationUpdate", f'Alarm "{name}" deleted', {})
                self.alarm_records.metric.pop(name, None)
                self.alarm_records.composite.pop(name, None)
                self.alarm_records.tags.pop(self.alarm_records.arn(name), None)
                self._plans.pop(name, None)

    def set_state(self, name: str, state: str, reason: str, reason_data: str | None) -> None:
        """Set a state by hand; it lasts until the alarm is next worked out."""
        if state not in list(State):
            raise validation_error(f"StateValue must be one of {', '.join(State)}, not '{state}'")
        if reason_data:
            _check_json(reason_data)
        with self.lock:
            record = self.alarm_records.get(name)
            if record is None:
                raise not_found(f"There is no alarm named '{name}'")
            self._mover.move(record, State(state), reason, reason_data)

    def enable_actions(self, names: list[str], enabled: bool) -> None:
        """Let alarms act on their changes of state, or stop them."""
        with self.lock:
            for record in filter(None, map(self.alarm_records.get, names)):
                record["ActionsEnabled"] = enabled

    def replace_tags(self, name: str, tags: dict[str, str]) -> None:
        """Give an alarm these tags and no others."""
        with self.lock:
            self.alarm_records.tags[self.alarm_records.arn(name)] = tags

    def states(self, names: list[str]) -> dict[str, str]:
        """The states of those of the named alarms that exist."""
        with self.lock:
            found = ((name, self.alarm_records.get(name)) for name in names)
            return {name: record["StateValue"] for name, record in found if record is not None}

    def values(self, name: str) -> list[float]:
        """The datapoints there are of the periods that an alarm evaluates, oldest first."""
        with self.lock:
            record = self.alarm_records.metric.get(name)
            if record is None:
                return []
            what, rule = watched(record), rule_of(record)
            points = datapoints(what, self._store, what.last_end(self._clock.now()), rule.periods)
            return [point.value for _, point in points if point is not None]

    def note_action(self, name: str, summary: str, data: dict[str, Any]) -> None:
        """Write into an alarm's history what became of one of its actions."""
        with self.lock:
            self._mover.write(name, "Action", summary, data)

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
            self._mover.move(record, State.INSUFFICIENT_DATA, f"Error in expression: {error}")
            return
        record.pop("EvaluationState", None)
        self._apply(record, plan, points, now)

    def _apply(self, record: Record, plan: _Plan, points: reasons.Datapoints, now: float) -> None:
        if _has_too_few_samples(record, plan, points):
            return
        decision = decide([point.value if point else None for _, point in points], plan.rule)
        if decision.state is None or decision.state == record["StateValue"]:
            return
        data = reasons.reason_data(plan.watched, points, decision, plan.rule, now)
        reason = reasons.reason(points, decision, plan.rule, decision.state)
        self._mover.move(record, decision.state, reason, json.dumps(data))

    def _keep(self, record: Record, tags: dict[str, str], shelf: MutableMapping[str, Record]) -> None:
        """Put a record on its shelf, with the state of the one that it replaces or as a new one."""
        name, now = record["AlarmName"], self._clock.now()
        existing = shelf.get(name)
        if existing is None and self.alarm_records.get(name) is not None:
            raise validation_error(f"An alarm of another type is already named '{name}'")
        record["AlarmArn"] = self.alarm_records.arn(name)
        record["AlarmConfigurationUpdatedTimestamp"] = now
        if existing is None:
            record["StateValue"] = State.INSUFFICIENT_DATA.value
            record["StateReason"] = "Unchecked: Initial alarm creation"
            record["StateUpdatedTimestamp"] = record["StateTransitionedTimestamp"] = now
            self.alarm_records.tags[record["AlarmArn"]] = tags
        else:
            record.update({key: existing[key] for key in STATE_KEYS if key in existing})
        shelf[name] = record
        verb = "created" if existing is None else "updated"
        data = {"type": verb.capitalize()}
        self._mover.write(name, "ConfigurationUpdate", f'Alarm "{name}" {verb}', data)

    def _check_children(self, tree: composite.Tree) -> None:
        names = dict.fromkeys(
            self.alarm_records.name_of(reference) for reference in composite.references(tree)
        )
        if missing := [
            self.alarm_records.arn(name) for name in names if self.alarm_records.get(name) is None
        ]:
            raise validation_error(
                f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule "
                "do not exist"
            )

    def _refuse_if_needed(self, name: str) -> None:
        if any(name in self._mover.children(parent) for parent in self.alarm_records.composite.values()):
            raise validation_error(f"Cannot delete {name} as there are composite alarm(s) depending on it.")


def _composite_alarm(request: dict[str, Any]) -> Record:
    if not request.get("AlarmName"):
        raise missing_parameter("AlarmName")
    if unsupported := [key for key in _SUPPRESSOR_KEYS if request.get(key) is not None]:
        raise validation_error(f"{unsupported[0]} is not supported by the embedded cloud; leave it out")
    check_actions(request)
    record: Record = {"AlarmName": request["AlarmName"], "AlarmRule": request.get("AlarmRule") or ""}
    if request.get("AlarmDescription") is not None:
        record["AlarmDescription"] = request["AlarmDescription"]
    record["ActionsEnabled"] = request.get("ActionsEnabled", True)
    record.update({key: list(request.get(key) or []) for key in ACTION_LISTS})
    return record


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


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        raise validation_error("StateReasonData must be JSON") from None
