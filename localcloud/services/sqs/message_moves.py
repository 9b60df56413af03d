"""SQS's dead-letter queue redrive, which ministack lacks: StartMessageMoveTask and ListMessageMoveTasks.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
A task ends at once here; a message that was moved is a new one, with a new id and no receipts.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import Any

from localcloud.host.cloud import Cloud

_KEPT_RESULTS = 10
"""What ListMessageMoveTasks tells of one queue at most."""


class _Tasks:
    """The tasks of every source queue, newest first."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs
        self._done: dict[str, list[dict[str, Any]]] = {}

    def start(self, data: dict[str, Any], _url: str) -> dict[str, str]:
        source_arn, destination_arn = data.get("SourceArn", ""), data.get("DestinationArn")
        with self._sqs.queues_lock:
            source = self._queue(source_arn)
            if not any(_dead_letter_target(queue) == source_arn for queue in self._sqs.queues.values()):
                raise self._sqs.QueueError(
                    "InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue."
                )
            moved = self._move(source, destination_arn)
        self._done.setdefault(source_arn, []).insert(
            0,
            {
                "Status": "COMPLETED",
                "SourceArn": source_arn,
                **({"DestinationArn": destination_arn} if destination_arn else {}),
                "ApproximateNumberOfMessagesMoved": moved,
                "ApproximateNumberOfMessagesToMove": moved,
                "StartedTimestamp": int(time.time() * 1000),
            },
        )
        handle = {"taskId": str(uuid.uuid4()), "sourceArn": source_arn}
        return {"TaskHandle": base64.b64encode(json.dumps(handle).encode()).decode()}

    def list(self, data: dict[str, Any], _url: str) -> dict[str, Any]:
        limit = min(int(data.get("MaxResults") or 1), _KEPT_RESULTS)
        return {"Results": self._done.get(data.get("SourceArn", ""), [])[:limit]}

    def _move(self, source: dict[str, Any], destination_arn: str | None) -> int:
        """Every message, each to the queue asked for or to the one that it died on."""
        messages = list(source["messages"])
        for message in messages:
            died_on = message.get("sys", {}).get("DeadLetterQueueSourceArn")
            target = self._queue(destination_arn or died_on or "")
            source["messages"].remove(message)
            target["messages"].append(_anew(message))
        if messages:
            self._sqs.esm_wake.set()
        return len(messages)

    def _queue(self, arn: str) -> dict[str, Any]:
        queue: dict[str, Any] | None = self._sqs.queue_by_arn(arn)
        if queue is None:
            raise self._sqs.QueueError(
                "ResourceNotFoundException", f"The resource that you specified doesn't exist: {arn}"
            )
        return queue


def install(cloud: Cloud) -> None:
    """Add the two operations."""
    from localcloud.ministack_adapter import sqs

    tasks = _Tasks(sqs)
    sqs.HANDLERS["StartMessageMoveTask"] = tasks.start
    sqs.HANDLERS["ListMessageMoveTasks"] = tasks.list


def _anew(message: dict[str, Any]) -> dict[str, Any]:
    now = time.time()
    told = {
        name: value for name, value in message.get("sys", {}).items() if name != "DeadLetterQueueSourceArn"
    }
    return {
        **message,
        "id": str(uuid.uuid4()),
        "sys": {**told, "SentTimestamp": str(int(now * 1000))},
        "receipt_handle": None,
        "receive_count": 0,
        "first_receive_at": None,
        "enqueued_at": now,
        "visible_at": now,
    }


def _dead_letter_target(queue: dict[str, Any]) -> str | None:
    try:
        policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
    except ValueError:
        return None
    return policy.get("deadLetterTargetArn") if isinstance(policy, dict) else None
