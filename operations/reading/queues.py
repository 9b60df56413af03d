"""What waits before the pipeline, and what gave up."""

from __future__ import annotations

from dataclasses import dataclass

from operations.reading.clients import Clients
from operations.reading.errors import explained
from operations.reading.stack import Stack

_WAITING, _TAKEN = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"


@dataclass(frozen=True, kw_only=True)
class Queues:
    """About how many uploads wait to start an execution, and how many messages are dead letters."""

    uploads_waiting: int
    dead_letters: int


def read(clients: Clients, stack: Stack) -> Queues:
    sqs = clients("sqs")

    def depth(url: str, *names: str) -> int:
        with explained():
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))
        return sum(int(found["Attributes"][name]) for name in names)

    return Queues(
        uploads_waiting=depth(stack.upload_queue_url, _WAITING, _TAKEN),
        dead_letters=depth(stack.dead_letter_queue_url, _WAITING),
    )
