"""CheckUploads: a schedule's event in; uploads without an execution out, and counted for an alarm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import layout, metrics
from contracts.settings import CheckUploadsSettings
from lambdas.aws import executions, storage
from lambdas.telemetry import count, logger
from lambdas.uploads import NO_VERSION, Upload

# The starter has five tries of three minutes each; then the upload is among the dead letters.
GRACE = timedelta(minutes=30)
# Told often enough by then. It keeps what is asked of Step Functions within what one run has time for, and
# far from the 90 days after which an execution is forgotten.
WINDOW = timedelta(hours=6)
_MOST_NAMED = 20


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`time` of the scheduled event is now (EventBridge User Guide, "Scheduled events").

    A queue's message that somebody deleted, a rule that was switched off, an event that never came: whatever
    the reason, the object lies there and trains nothing.
    """
    settings = CheckUploadsSettings.from_environment()
    now = datetime.fromisoformat(event["time"])
    lost = [upload for upload in _due(settings.raw_bucket_name, now) if not _is_started(upload, settings)]
    if lost:
        named = [f"{upload.key} ({upload.version_id})" for upload in lost[:_MOST_NAMED]]
        logger.error("uploads without an execution", number=len(lost), uploads=named)
        count(settings.metric_namespace, metrics.UPLOADS_LOST, len(lost))
    return {"lost": [{"key": upload.key, "versionId": upload.version_id} for upload in lost]}


def _due(bucket: str, now: datetime) -> Iterator[Upload]:
    """Uploads that should have been started by now, and are not long past.

    In a bucket whose versioning is suspended an execution's name holds what only the event knew.
    """
    for version in storage.versions(bucket, layout.UPLOADS.prefix):
        upload = Upload(bucket=bucket, key=version.key, version_id=version.version_id, sequencer="")
        is_due = GRACE <= now - version.last_modified <= WINDOW
        if is_due and upload.is_wanted and upload.version_id != NO_VERSION:
            yield upload


def _is_started(upload: Upload, settings: CheckUploadsSettings) -> bool:
    arn = executions.arn_of(settings.state_machine_arn, upload.execution_name)
    return executions.exists(arn)
