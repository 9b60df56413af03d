"""S3's events on EventBridge name the version of the object.

ministack's lack `detail.object.version-id`, which AWS gives for objects in a versioned bucket:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from localcloud.ministack_adapter import eventbridge, s3

_firing = threading.local()  # each event is fired on a thread of its own


def install(cloud: object = None) -> None:
    """Carry the version from where S3 fires the event to where EventBridge takes it."""

    s3.fire_s3_event = _remembering(s3.fire_s3_event)
    eventbridge.dispatch_event = _naming(eventbridge.dispatch_event)


def _remembering(fire: Any) -> Any:
    def fire_event(*arguments: Any, version_id: str | None = None, **named: Any) -> None:
        _firing.version_id = version_id
        try:
            fire(*arguments, version_id=version_id, **named)
        finally:
            _firing.version_id = None

    return fire_event


def _naming(dispatch: Any) -> Any:
    def dispatch_event(event: dict[str, Any], *arguments: Any, **named: Any) -> Any:
        version_id = getattr(_firing, "version_id", None)
        if version_id and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version_id
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *arguments, **named)

    return dispatch_event


def shows(client: Callable[[str], Any]) -> bool:
    """Whether an upload into a versioned bucket is told without its version."""
    s3, sqs, events = client("s3"), client("sqs"), client("events")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="uploads", EventPattern='{"source": ["aws.s3"]}')
    events.put_targets(Rule="uploads", Targets=[{"Id": "queue", "Arn": arn}])
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket="versioned", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    s3.put_object(Bucket="versioned", Key="one", Body=b"1")
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    return "version-id" not in json.loads(message["Body"])["detail"]["object"]
