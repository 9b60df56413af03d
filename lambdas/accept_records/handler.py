"""AcceptRecords: a batch of a shard in; accepted records by the hour, and refused ones with reasons, out."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from contracts import feature_groups, layout, metrics
from contracts.errors import ServiceBusyError
from contracts.feature_groups import FeatureGroup
from contracts.names import Names
from contracts.pipeline_config import PipelineConfig
from contracts.settings import AcceptRecordsSettings
from lambdas.accept_records import featuring
from lambdas.accept_records.batches import Batch, read_batch
from lambdas.accept_records.records import RecordReader
from lambdas.aws import queues, storage
from lambdas.aws.feature_store import FeatureStoreError
from lambdas.features.windows import Event
from lambdas.streams import hours
from lambdas.streams.columns import schema_of
from lambdas.telemetry import count, logger

PARQUET, LINES = "application/vnd.apache.parquet", "application/jsonl"
_TOLD_AT_ONCE = 10  # refused records that a message shows, each with so many characters
_SHOWN_CHARACTERS = 4000


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: the same batch writes the same objects, and CloseHours takes each event once.

    A record that breaks the contract would break it at each try, so it is laid aside with its reason and
    stops nothing. Only what could not be written is reported, for Lambda to begin there again.
    """
    settings = AcceptRecordsSettings.from_environment()
    reader, schema = _reader(settings.pipeline_config_path, settings.stage_name)
    now = time.time()
    batch = read_batch(event["Records"], reader, now)
    failed = _write(batch, schema, settings, now)
    if batch.events and not _feature(batch, settings):
        failed.append(event["Records"][0]["kinesis"]["sequenceNumber"])
    count(settings.metric_namespace, metrics.RECORDS_ACCEPTED, batch.accepted_records)
    count(settings.metric_namespace, metrics.RECORDS_REFUSED, len(batch.refused))
    lowest = sorted(failed, key=int)[:1]
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in lowest]}


@functools.cache
def _reader(path: str, stage: str) -> tuple[RecordReader, pa.Schema]:
    config = PipelineConfig.load(Path(path))
    entities = [group.entity for group in feature_groups.at(config.feature_groups, stage)]
    return RecordReader(config.dataset, config.stream, entities), schema_of(config.dataset)


@functools.cache
def _groups(path: str, stage: str) -> tuple[list[tuple[str, FeatureGroup]], list[str]]:
    """Each group with its name in the store, and the names of the contract's columns."""
    config = PipelineConfig.load(Path(path))
    names = Names(config.name, stage)
    groups = feature_groups.at(config.feature_groups, stage)
    found = [(names.feature_group(group.name, group.version), group) for group in groups]
    return found, [column.name for column in config.dataset.columns]


def _feature(batch: Batch, settings: AcceptRecordsSettings) -> bool:
    """Whether the feature groups have the events; if not, Lambda begins again with the batch."""
    groups, names = _groups(settings.pipeline_config_path, settings.stage_name)
    rows = [
        (entities, moment_us, dict(zip(names, values, strict=True)))
        for entities, moment_us, values in batch.events
    ]
    events = [
        [Event(entity=entities[place], moment_us=moment_us, values=row) for entities, moment_us, row in rows]
        for place in range(len(groups))
    ]
    written = featuring.Written()

    def write() -> None:
        nonlocal written
        written = featuring.write(groups, events)

    if not _done(write, ", ".join(name for name, _ in groups)):
        return False
    count(settings.metric_namespace, metrics.FEATURES_WRITTEN, written.records)
    count(settings.metric_namespace, metrics.FEATURES_CUT, written.cut)
    return True


def _write(batch: Batch, schema: pa.Schema, settings: AcceptRecordsSettings, now: float) -> list[str]:
    """The first sequence numbers of what could not be written."""
    failed = []
    bucket = settings.artifact_bucket_name
    for name, hour in batch.accepted.items():
        uri = f"{layout.STREAM_EVENTS.uri(bucket, name)}{batch.name}.parquet"
        content = hour.as_parquet(schema)
        if not _done(functools.partial(storage.write_bytes, content, uri, PARQUET), uri):
            failed.append(hour.first)
    if batch.refused:
        name = hours.name_of(datetime.fromtimestamp(now, UTC))
        uri = f"{layout.STREAM_REFUSED.uri(bucket, name)}{batch.name}.jsonl"
        if not _done(functools.partial(_lay_aside, batch, uri, settings.refused_queue_url), uri):
            failed.append(batch.refused[0].sequence)
    return failed


def _lay_aside(batch: Batch, uri: str, queue_url: str) -> None:
    storage.write_bytes(batch.refused_lines(), uri, LINES)
    shown = [one.as_document() for one in batch.refused[:_TOLD_AT_ONCE]]
    for document in shown:
        document["data"] = document["data"][:_SHOWN_CHARACTERS]
    message = {"refused": len(batch.refused), "all": uri, "records": shown}
    queues.send(queue_url, json.dumps(message))


def _done(write: Callable[[], None], uri: str) -> bool:
    try:
        write()
    except (ClientError, BotoCoreError, ServiceBusyError, FeatureStoreError) as error:
        logger.warning("records could not be written", uri=uri, reason=str(error))
        return False
    return True
