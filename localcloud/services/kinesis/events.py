"""What a function gets of a shard, and what an on-failure destination is told. Pure.

Lambda Developer Guide, "Example Kinesis Data Streams event" and "Example invocation record".
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from localcloud.services.kinesis.shard_reader import Discarded, Record


def event_of(records: Sequence[Record], shard: str, stream_arn: str, role_arn: str) -> dict[str, Any]:
    region = stream_arn.split(":")[3]
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record["PartitionKey"],
                    "sequenceNumber": record["SequenceNumber"],
                    "data": _base64(record["Data"]),
                    "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard}:{record['SequenceNumber']}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": role_arn,
                "awsRegion": region,
                "eventSourceARN": stream_arn,
            }
            for record in records
        ]
    }


def invocation_record(
    discarded: Discarded, shard: str, stream_arn: str, function_arn: str, now: float
) -> dict[str, Any]:
    """The records themselves are not in it, but where they are."""
    first, last = discarded.records[0], discarded.records[-1]
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": function_arn,
            "condition": discarded.condition,
            "approximateInvokeCount": discarded.invocations,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": _text(now),
        "KinesisBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first["SequenceNumber"],
            "endSequenceNumber": last["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _text(first["ApproximateArrivalTimestamp"]),
            "approximateArrivalOfLastRecord": _text(last["ApproximateArrivalTimestamp"]),
            "batchSize": len(discarded.records),
            "streamArn": stream_arn,
        },
    }


def _text(moment: float) -> str:
    return (
        datetime.fromtimestamp(float(moment), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _base64(data: Any) -> str:
    """ministack keeps what PutRecord was sent, which is base64 already."""
    return base64.b64encode(data).decode() if isinstance(data, bytes) else str(data)
