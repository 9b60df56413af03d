"""What CreateSchedule and UpdateSchedule refuse, from callers and from CloudFormation alike.

Limits: EventBridge Scheduler API Reference, `RetryPolicy`, `FlexibleTimeWindow`, `CreateSchedule`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.iam.sessions import RoleNotAssumableError, open_session
from localcloud.ministack_adapter import provisioners, scheduler
from localcloud.services.scheduler import targets
from localcloud.services.scheduler.expressions import ExpressionError, parse

SERVICE = "scheduler.amazonaws.com"
MAX_ATTEMPTS, SHORTEST_AGE_SECONDS, LONGEST_AGE_SECONDS = 185, 60, 86_400
MAX_WINDOW_MINUTES = 1440
_NAME = re.compile(r"[0-9a-zA-Z_.\-]{1,64}")


class RefusedError(ValueError):
    """The schedule is refused; the message is the answer's."""


def install(cloud: Cloud) -> None:
    """Check before ministack keeps the schedule."""
    scheduler.create_schedule = _checking(cloud, scheduler.create_schedule)
    scheduler.update_schedule = _checking(cloud, scheduler.update_schedule)
    provisioners.RESOURCE_HANDLERS["AWS::Scheduler::Schedule"].update(create=_create, update=_update)


def group_arn(cloud: Cloud, group: str) -> str:
    """What a role's trust policy sees as aws:SourceArn (User Guide, "Confused deputy prevention")."""
    return f"arn:aws:scheduler:{cloud.region}:{cloud.account}:schedule-group/{group}"


def check(cloud: Cloud, name: str, asked: Mapping[str, Any]) -> None:
    """Raise RefusedError."""
    if not _NAME.fullmatch(name):
        raise RefusedError(f"Name {name!r} must be 1 to 64 of the characters 0-9 a-z A-Z - _ .")
    try:
        parse(str(asked.get("ScheduleExpression", "")), str(asked.get("ScheduleExpressionTimezone") or "UTC"))
    except ExpressionError as error:
        raise RefusedError(str(error)) from error
    _check_window(asked.get("FlexibleTimeWindow") or {})
    target = asked.get("Target") or {}
    _check_retries(target.get("RetryPolicy") or {})
    if not targets.is_known(str(target.get("Arn", ""))):
        raise RefusedError(f"Provided Arn is not in correct format, or not embedded: {target.get('Arn')}")
    _check_role(cloud, str(target.get("RoleArn", "")), str(asked.get("GroupName") or "default"))


def _check_window(window: Mapping[str, Any]) -> None:
    mode, minutes = window.get("Mode"), window.get("MaximumWindowInMinutes")
    if mode == "OFF" and minutes is None:
        return
    if mode == "FLEXIBLE" and minutes and 1 <= int(minutes) <= MAX_WINDOW_MINUTES:
        return
    raise RefusedError(
        "FlexibleTimeWindow must be OFF, or FLEXIBLE with MaximumWindowInMinutes from 1 to "
        f"{MAX_WINDOW_MINUTES}"
    )


def _check_retries(policy: Mapping[str, Any]) -> None:
    attempts, age = policy.get("MaximumRetryAttempts"), policy.get("MaximumEventAgeInSeconds")
    if attempts is not None and not 0 <= int(attempts) <= MAX_ATTEMPTS:
        raise RefusedError(f"MaximumRetryAttempts {attempts} is not from 0 to {MAX_ATTEMPTS}")
    if age is not None and not SHORTEST_AGE_SECONDS <= int(age) <= LONGEST_AGE_SECONDS:
        raise RefusedError(
            f"MaximumEventAgeInSeconds {age} is not from {SHORTEST_AGE_SECONDS} to {LONGEST_AGE_SECONDS}"
        )


def _check_role(cloud: Cloud, role_arn: str, group: str) -> None:
    try:
        with cloud.scope():
            open_session(role_arn, "create-schedule", service=SERVICE, source_arn=group_arn(cloud, group))
    except RoleNotAssumableError:
        raise RefusedError(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        ) from None


def _checking(cloud: Cloud, keep: Any) -> Any:
    def kept(name: str, body: dict[str, Any]) -> Any:
        try:
            check(cloud, name, body)
        except RefusedError as error:
            answer = {"__type": "ValidationException", "Message": str(error)}
            headers = {"Content-Type": "application/json", "x-amzn-errortype": "ValidationException"}
            return 400, headers, json.dumps(answer).encode()
        return keep(name, body)

    return kept


def _create(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
    """CloudFormation's; without a name it makes one of the stack's and its own."""
    name = properties.get("Name") or f"{stack_name}-{logical_id}"[:64]
    return _kept(scheduler.create_schedule, name, properties)


def _update(
    physical_id: str, _: Mapping[str, Any], properties: Mapping[str, Any], stack_name: str
) -> tuple[str, dict[str, str]]:
    name = properties.get("Name") or physical_id
    if name != physical_id:
        return _create(physical_id, properties, stack_name)
    return _kept(scheduler.update_schedule, name, properties)


def _kept(keep: Any, name: str, properties: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    status, _, content = keep(name, dict(properties))
    answer = json.loads(content)
    if status >= 300:
        raise ValueError(f"{answer['Message']} (Service: Scheduler, Error Code: {answer['__type']})")
    return name, {"Arn": answer["ScheduleArn"]}
