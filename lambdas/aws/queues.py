"""Messages to a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.aws.clients import client

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


def send(queue_url: str, body: str) -> None:
    """At most 256 KiB of text."""
    sqs: SQSClient = client("sqs")
    sqs.send_message(QueueUrl=queue_url, MessageBody=body)
