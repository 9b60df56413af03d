"""PullSource: on a schedule, a file from elsewhere into the raw bucket, unless it is the one before."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import layout, metrics
from contracts.pipeline_config import PipelineConfig
from contracts.settings import PullSourceSettings
from contracts.sources import Source
from lambdas.aws import storage
from lambdas.aws.multipart import multipart
from lambdas.pull_source.fetching import Found, Seen, SourceError, fetch
from lambdas.telemetry import count, logger

PART_BYTES = 16 << 20


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"source": NAME}`. May run twice: what is the same is not uploaded again. Raises SourceError."""
    settings = PullSourceSettings.from_environment()
    source = _source(settings.pipeline_config_path, event["source"])
    place = f"{layout.SOURCES.uri(settings.artifact_bucket_name, source.name)}{layout.SEEN_FILE}"
    before = Seen(**(storage.read_json(place) or {}))
    found = fetch(source, before)
    after = _upload(source, found, before, settings.raw_bucket_name) if found else None
    if found and after:
        storage.write_json({"etag": found.etag, "modified": found.modified, "sha256": after}, place)
    is_new = bool(after) and after != before.sha256
    count(settings.metric_namespace, metrics.SOURCES_PULLED, 1 if is_new else 0)
    logger.info("source pulled", source=source.name, is_new=is_new)
    return {"source": source.name, "uploaded": f"{layout.UPLOADS.prefix}{source.upload}" if is_new else ""}


@functools.cache
def _source(path: str, name: str) -> Source:
    config = PipelineConfig.load(Path(path))
    return next(source for source in config.sources if source.name == name)


def _upload(source: Source, found: Found, before: Seen, bucket: str) -> str:
    """The content's hash. An upload appears when it is complete, and only where it is another one."""
    digest, size = hashlib.sha256(), 0
    with multipart(bucket, f"{layout.UPLOADS.prefix}{source.upload}") as upload:
        for part in _parts(found.pieces):
            digest.update(part)
            size += len(part)
            upload.add(part)
        if not size:
            raise SourceError(f"{source.name}: the file is empty")
        if found.size_bytes is not None and size != found.size_bytes:
            raise SourceError(f"{source.name}: {size} bytes came of {found.size_bytes}")
        if digest.hexdigest() != before.sha256:
            upload.complete()
    return digest.hexdigest()


def _parts(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces put together, as a part of an upload has at least 5 MiB but for the last."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= PART_BYTES:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
