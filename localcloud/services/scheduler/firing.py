"""Due schedules call their targets, in the order of their times, each in its role.

What fails for a reason that may pass is tried again until the policy's attempts or age are spent, and then
goes to the dead-letter queue; what the role or the target refuses goes there at once. EventBridge Scheduler
User Guide, "Configuring a dead-letter queue" (its attributes) and "Adding context attributes".
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.host.cloud import Cloud
from localcloud.iam.sessions import Credentials, RoleNotAssumableError, open_session
from localcloud.ministack_adapter import responses, scheduler
from localcloud.services.scheduler import targets
from localcloud.services.scheduler.expressions import At, Times, parse
from localcloud.services.scheduler.requests import (
    LONGEST_AGE_SECONDS,
    MAX_ATTEMPTS,
    SERVICE,
    group_arn,
)

_log = logging.getLogger("localcloud.services.scheduler")
_LONGEST_PAUSE_SECONDS = 3600.0
_PASSING = ("Throttl", "TooManyRequests", "ServiceUnavailable", "InternalError", "InternalFailure", "Limit")
Key = tuple[str, str, str]


@dataclass
class _Delivery:
    """One time of one schedule; `due` (epoch seconds) is when it is tried next."""

    record: Mapping[str, Any]
    account: str
    region: str
    scheduled: datetime
    due: float
    execution_id: str
    attempt: int = 0


class Firing:
    """Keeps how far each schedule has come; a sweep that comes late fires all that it missed."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._began = cloud.clock.now()
        self._seen: dict[Key, float] = {}
        self._waiting: list[_Delivery] = []
        self._lock = threading.Lock()
        self._sweeping = threading.Lock()

    def install(self) -> None:
        """Take the place of ministack's sweep, and tell the clock of what is due."""
        scheduler.tick_schedules = self.sweep
        self._cloud.clock.timers.append(self)

    def next_due(self) -> float | None:
        """Epoch seconds of the next call of any target; None where nothing is due any more."""
        with self._lock:
            found = [delivery.due for delivery in self._waiting]
            for key, record in self._enabled():
                times = _times(record)
                moment = times.after(_utc(self._since(key, record)), _utc(record["CreationDate"]))
                if moment and not _is_over(record, moment.timestamp()):
                    found.append(moment.timestamp())
        return min(found, default=None)

    def sweep(self) -> None:
        """Fire what is due by the clock; returns when the targets have answered."""
        with self._sweeping:
            for delivery in self._ready():
                self._deliver(delivery)

    def _ready(self) -> list[_Delivery]:
        with self._lock:
            now = self._cloud.clock.now()
            for key, record in self._enabled():
                self._queue(key, record, now)
            ready = sorted((d for d in self._waiting if d.due <= now), key=lambda d: d.due)
            self._waiting = [d for d in self._waiting if d.due > now]
        return ready

    def _enabled(self) -> list[tuple[Key, dict[str, Any]]]:
        return [
            (key, record)
            for key, record in list(scheduler.schedules._data.items())
            if record.get("State") == "ENABLED"
        ]

    def _since(self, key: Key, record: Mapping[str, Any]) -> float:
        """A schedule looks forward from when it was written; one that was kept over a restart from then."""
        return max(self._seen.get(key, 0.0), float(record["LastModificationDate"]), self._kept(record))

    def _kept(self, record: Mapping[str, Any]) -> float:
        return self._began if float(record["LastModificationDate"]) < self._began else 0.0

    def _queue(self, key: Key, record: dict[str, Any], now: float) -> None:
        times, since = _times(record), self._since(key, record)
        beginning = _utc(record["CreationDate"])
        while (moment := times.after(_utc(since), beginning)) and moment.timestamp() <= now:
            since = moment.timestamp()
            if not _is_over(record, since):
                account, region, _ = key
                self._waiting.append(_Delivery(record, account, region, moment, since, str(uuid.uuid4())))
        self._seen[key] = max(since, self._seen.get(key, 0.0))
        ended = _epoch(record.get("EndDate")) < now or (
            isinstance(times, At) and since >= times.moment.timestamp()
        )
        if ended and record.get("ActionAfterCompletion") == "DELETE":
            scheduler.schedules._data.pop(key, None)

    def _deliver(self, delivery: _Delivery) -> None:
        delivery.attempt += 1
        target = delivery.record["Target"]
        try:
            with responses.request_scope(delivery.account, delivery.region):
                targets.call(self._session(delivery), target, _input(delivery))
        except (
            ClientError,
            BotoCoreError,
            RoleNotAssumableError,
            KeyError,
            ValueError,
            AttributeError,
        ) as error:
            self._failed(delivery, error)

    def _session(self, delivery: _Delivery) -> Any:
        """Makes clients in the target's role."""
        import boto3

        record = delivery.record
        source = group_arn(self._cloud, record.get("GroupName", "default"))
        keys: Credentials = open_session(
            record["Target"]["RoleArn"], delivery.execution_id, service=SERVICE, source_arn=source
        )
        session = boto3.Session(
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
            region_name=delivery.region,
        )
        return lambda service: session.client(service, endpoint_url=self._cloud.endpoint_url)

    def _failed(self, delivery: _Delivery, error: Exception) -> None:
        policy = delivery.record["Target"].get("RetryPolicy") or {}
        attempts = policy.get("MaximumRetryAttempts", MAX_ATTEMPTS)
        age = policy.get("MaximumEventAgeInSeconds", LONGEST_AGE_SECONDS)
        due = self._cloud.clock.now() + min(2.0**delivery.attempt, _LONGEST_PAUSE_SECONDS)
        spent = ""
        if may_pass(error):
            if delivery.attempt > attempts:
                spent = "MaximumRetryAttempts"
            elif due - delivery.scheduled.timestamp() > age:
                spent = "MaximumEventAgeInSeconds"
            else:
                delivery.due = due
                with self._lock:
                    self._waiting.append(delivery)
                return
        _log.warning("%s did not reach its target: %s", delivery.record["Arn"], error)
        self._to_dead_letters(delivery, error, spent)

    def _to_dead_letters(self, delivery: _Delivery, error: Exception, spent: str) -> None:
        target = delivery.record["Target"]
        arn = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not arn:
            return
        told = {
            "ERROR_CODE": code_of(error),
            "ERROR_MESSAGE": str(error)[:1000],
            "EXECUTION_ID": delivery.execution_id,
            "RETRY_ATTEMPTS": str(delivery.attempt - 1),
            "SCHEDULED_TIME": _iso(delivery.scheduled),
            "SCHEDULE_ARN": delivery.record["Arn"],
            "TARGET_ARN": target["Arn"],
            **({"EXHAUSTED_RETRY_CONDITION": spent} if spent else {}),
        }
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
        try:
            with responses.request_scope(delivery.account, delivery.region):
                targets.send(
                    self._session(delivery), arn, MessageBody=_input(delivery), MessageAttributes=attributes
                )
        except (ClientError, BotoCoreError, RoleNotAssumableError) as problem:
            _log.warning("%s was lost: its dead-letter queue refused it: %s", delivery.record["Arn"], problem)


def may_pass(error: Exception) -> bool:
    """Whether another attempt may go better: the target was busy or ill, and did not refuse."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        return status >= 500 or any(word in code_of(error) for word in _PASSING)
    return isinstance(error, BotoCoreError)


def code_of(error: Exception) -> str:
    """AWS's name for a failure."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def _input(delivery: _Delivery) -> str:
    text: str = delivery.record["Target"].get("Input") or "{}"
    for name, value in {
        "schedule-arn": delivery.record["Arn"],
        "scheduled-time": _iso(delivery.scheduled),
        "execution-id": delivery.execution_id,
        "attempt-number": str(delivery.attempt),
    }.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _times(record: Mapping[str, Any]) -> Times:
    return parse(record["ScheduleExpression"], record.get("ScheduleExpressionTimezone") or "UTC")


def _is_over(record: Mapping[str, Any], moment: float) -> bool:
    return moment < _epoch(record.get("StartDate"), 0.0) or moment > _epoch(record.get("EndDate"))


def _epoch(value: Any, otherwise: float = float("inf")) -> float:
    if value is None or value == "":
        return otherwise
    if isinstance(value, int | float):
        return float(value)
    return datetime.fromisoformat(str(value).replace("Z", "+00:00")).timestamp()


def _utc(moment: Any) -> datetime:
    return datetime.fromtimestamp(float(moment), UTC)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
