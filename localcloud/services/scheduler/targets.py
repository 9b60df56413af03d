"""A schedule's target, called in its role: the templated ones, and any operation of an AWS SDK.

EventBridge Scheduler User Guide, "Using templated targets" and "Using universal targets".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from botocore import xform_name

from localcloud.ministack_adapter import sqs

_TEMPLATED = ("states", "lambda", "sqs", "sns", "events")
_UNIVERSAL = re.compile(r"arn:aws:scheduler:::aws-sdk:([a-z0-9]+):([a-zA-Z0-9]+)")
_CLIENTS = {"sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}
_READING = ("get", "describe", "list", "poll", "receive", "search", "scan", "query", "select")


def is_known(arn: str) -> bool:
    """Whether the target can be called. Operations that only read are none of Scheduler's."""
    if universal := _UNIVERSAL.fullmatch(arn):
        return not universal[2].lower().startswith(_READING)
    return arn.startswith("arn:aws:") and arn.split(":")[2] in _TEMPLATED


def call(session: Any, target: Mapping[str, Any], text: str) -> None:
    """Call the target with its input; `session(service)` makes a client in the target's role. Raises what
    the client does."""
    arn = target["Arn"]
    if universal := _UNIVERSAL.fullmatch(arn):
        client = session(_CLIENTS.get(universal[1], universal[1]))
        getattr(client, xform_name(universal[2]))(**json.loads(text or "{}"))
        return
    _TEMPLATES[arn.split(":")[2]](session, arn, target, text)


def _execution(session: Any, arn: str, _: Mapping[str, Any], text: str) -> None:
    session("stepfunctions").start_execution(stateMachineArn=arn, input=text or "{}")


def _function(session: Any, arn: str, _: Mapping[str, Any], text: str) -> None:
    session("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=(text or "{}").encode())


def _queue(session: Any, arn: str, target: Mapping[str, Any], text: str) -> None:
    send(session, arn, MessageBody=text, **(target.get("SqsParameters") or {}))


def send(session: Any, queue_arn: str, **message: Any) -> None:
    """Put a message on a queue."""
    session("sqs").send_message(QueueUrl=sqs.queue_url(queue_arn.rpartition(":")[2]), **message)


def _topic(session: Any, arn: str, _: Mapping[str, Any], text: str) -> None:
    session("sns").publish(TopicArn=arn, Message=text)


def _bus(session: Any, arn: str, target: Mapping[str, Any], text: str) -> None:
    told = target.get("EventBridgeParameters") or {}
    entry = {"EventBusName": arn, "Source": told["Source"], "DetailType": told["DetailType"], "Detail": text}
    session("events").put_events(Entries=[entry])


_TEMPLATES = {"states": _execution, "lambda": _function, "sqs": _queue, "sns": _topic, "events": _bus}
