"""StartExecution: SQS batch of S3 events in, one execution per upload out."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from contracts import metrics
from contracts.errors import ServiceBusyError, UploadEventError
from contracts.settings import StartExecutionSettings
from lambdas.aws import dead_letters, executions
from lambdas.telemetry import count, logger
from lambdas.uploads import Upload


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers which messages failed, so that SQS redelivers those alone."""
    settings = StartExecutionSettings.from_environment()
    failed = [record["messageId"] for record in event["Records"] if not _accept(record, settings)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _accept(record: dict[str, Any], settings: StartExecutionSettings) -> bool:
    """Start what the message asks for; False leaves the message on the queue."""
    try:
        outcome = _start(Upload.from_message(record["body"]), settings)
    except UploadEventError as error:
        logger.error("message refused", message_id=record["messageId"], reason=str(error))
        return _to_dead_letters(record, settings, error)
    except (ServiceBusyError, BotoCoreError, ClientError) as error:
        logger.exception("execution not started", message_id=record["messageId"])
        return _is_last_delivery(record, settings) and _to_dead_letters(record, settings, error)
    count(settings.metric_namespace, outcome)
    return True


def _is_last_delivery(record: dict[str, Any], settings: StartExecutionSettings) -> bool:
    return int(record["attributes"]["ApproximateReceiveCount"]) >= int(settings.max_receives)


def _to_dead_letters(record: dict[str, Any], settings: StartExecutionSettings, error: Exception) -> bool:
    """Send the message to the dead-letter queue with its reason; where that fails, SQS sends it bare."""
    try:
        reason = f"{type(error).__name__}: {error}"
        dead_letters.send(settings.dead_letter_queue_url, record["body"], reason)
    except (ServiceBusyError, BotoCoreError, ClientError):
        logger.exception("reason not recorded", message_id=record["messageId"])
        return False
    count(settings.metric_namespace, metrics.UPLOADS_REFUSED)
    return True


def _start(upload: Upload, settings: StartExecutionSettings) -> str:
    """Returns the metric that names what happened."""
    if not upload.is_wanted:
        logger.info("upload ignored", bucket=upload.bucket, key=upload.key)
        return metrics.UPLOADS_IGNORED
    started = executions.start(settings.state_machine_arn, upload.execution_name, upload.as_document())
    logger.info("execution started" if started else "duplicate event", execution=upload.execution_name)
    return metrics.UPLOADS_STARTED if started else metrics.UPLOADS_DUPLICATED
