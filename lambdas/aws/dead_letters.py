"""The queue of what cannot be started; each letter carries its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.aws.clients import client

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

REASON = "reason"
_REASON_LENGTH = 4000


def send(queue_url: str, body: str, reason: str) -> None:
    """Lay the message down as it came, its reason beside it as a message attribute."""
    sqs: SQSClient = client("sqs")
    sqs.send_message(
        QueueUrl=queue_url,
        MessageBody=body,
        MessageAttributes={REASON: {"DataType": "String", "StringValue": reason[:_REASON_LENGTH]}},
    )
