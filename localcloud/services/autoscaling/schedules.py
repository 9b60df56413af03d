"""Scheduled actions: new bounds for a target at a time, once or again and again.

Application Auto Scaling API reference, `PutScheduledAction`; User Guide, "Scheduled scaling": at, rate and
cron expressions, a time zone for at and cron, and start and end in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from localcloud.host.clock import Clock
from localcloud.services.autoscaling.errors import ObjectNotFoundError, ValidationError
from localcloud.services.autoscaling.targets import DIMENSION, NAMESPACE, where
from localcloud.services.sagemaker.store import Document, Table
from localcloud.services.scheduler.expressions import ExpressionError, Times, parse


class Schedules:
    """Every scheduled action of the account. `SeenUntil` is up to when a record's times were played."""

    def __init__(self, table: Table, account: str, region: str, clock: Clock) -> None:
        self._table = table
        self._place = f"arn:aws:autoscaling:{region}:{account}:scheduledAction"
        self._clock = clock

    def __iter__(self) -> Iterator[Document]:
        return iter(self._table)

    def of(self, resource_id: str) -> list[Document]:
        return [action for action in self._table if action["ResourceId"] == resource_id]

    def put(self, request: Document) -> None:
        """A known action keeps what the request leaves out, but for its times: those are given anew."""
        key = f"{request['ResourceId']}|{request['ScheduledActionName']}"
        before = self._table.get(key) or {}
        if "Schedule" not in request and "Schedule" not in before:
            raise ValidationError("A schedule is required for a new scheduled action.")
        now = self._clock.now()
        fresh = {
            "ServiceNamespace": NAMESPACE,
            "ScalableDimension": DIMENSION,
            "ScheduledActionARN": f"{self._place}:{key.replace('|', ':scheduledActionName/')}",
            "CreationTime": now,
        }
        record = {**fresh, **before, **request, "SeenUntil": now}
        _check_action(record.get("ScalableTargetAction"))
        try:
            _times(record)
        except ExpressionError as error:
            raise ValidationError(str(error)) from error
        self._table.save(key, record)

    def delete(self, resource_id: str, name: str) -> None:
        key = f"{resource_id}|{name}"
        if key not in self._table:
            raise ObjectNotFoundError(f"No scheduled action found for {where(resource_id)}, name: {name}")
        self._table.delete(key)

    def due(self) -> list[Document]:
        """The actions whose time has come since this was asked last, in the order of their times."""
        found = []
        for action in list(self._table):
            moment = self._next(action)
            if moment is not None and moment <= self._clock.now():
                found.append((moment, action))
        for moment, action in found:
            action["SeenUntil"] = moment
            key = f"{action['ResourceId']}|{action['ScheduledActionName']}"
            if self._next(action) is None:
                self._table.delete(key)  # nothing is left to be played
            else:
                self._table.save(key, action)
        return [action for _, action in sorted(found, key=lambda one: one[0])]

    def next_due(self) -> float | None:
        moments = [self._next(action) for action in self._table]
        return min((moment for moment in moments if moment is not None), default=None)

    def _next(self, action: Document) -> float | None:
        """Epoch seconds; None where no time is left."""
        since = max(float(action["SeenUntil"]), float(action.get("StartTime", 0.0)) - 1.0)
        beginning = datetime.fromtimestamp(float(action.get("StartTime") or action["CreationTime"]), UTC)
        moment = _times(action).after(datetime.fromtimestamp(since, UTC), beginning)
        if moment is None or moment.timestamp() > float(action.get("EndTime", float("inf"))):
            return None
        return moment.timestamp()


def _times(action: Document) -> Times:
    return parse(str(action["Schedule"]), str(action.get("Timezone") or "UTC"))


def _check_action(action: Document | None) -> None:
    if not action:
        raise ValidationError("ScalableTargetAction needs MinCapacity or MaxCapacity.")
    low, high = action.get("MinCapacity"), action.get("MaxCapacity")
    if low is not None and high is not None and low > high:
        raise ValidationError(f"Maximum capacity cannot be less than minimum capacity: {high} < {low}.")
