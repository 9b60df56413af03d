"""ListParts: a manifest's object version in, the pinned parts for the Map or the reasons against it out."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.documents.data import ManifestSource
from contracts.documents.data import Parts as PartsDocument
from contracts.documents.requests import IngestPartRequest, ListPartsRequest
from contracts.pipeline_config import PipelineConfig
from contracts.settings import ListPartsSettings
from lambdas.aws import storage
from lambdas.datasets.checks.faults import DatasetRejected, Fault
from lambdas.datasets.outcome import begin, reject
from lambdas.datasets.parts.records import Parts
from lambdas.datasets.splitting import SAMPLE_ROWS
from lambdas.list_parts.manifest import MAX_BYTES, folder_of, parts_of
from lambdas.telemetry import logger

_LIST_LENGTH = 20
_AT_ONCE = 10  # as many connections as botocore keeps
_MIN_SAMPLE_ROWS = 1_000


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: whatever versions it pins, they have a list of their own."""
    settings = ListPartsSettings.from_environment()
    config = PipelineConfig.load(Path(settings.pipeline_config_path))
    request = ListPartsRequest.read(event)
    upload = storage.open_upload(request.bucket, request.key, request.version_id)
    document = begin(config, upload, request.sequencer)
    try:
        _check_split(config)
        names = parts_of(_content(upload), folder_of(request.key))
        pinned = _pin(request, names)
    except DatasetRejected as rejected:
        return reject(settings.metric_namespace, document, rejected)
    parts = Parts(bucket=settings.artifact_bucket_name, list=_list_of(pinned, config.contract_hash))
    items = _items(request.bucket, names, pinned, parts)
    storage.write_json(config.as_document(), parts.contract_uri)
    storage.write_json(items, f"s3://{parts.bucket}/{parts.items_key}")
    logger.info("parts listed", extra={"list": parts.list, "parts": len(items)})
    return PartsDocument(
        **document,
        accepted=True,
        list=parts.list,
        items_key=parts.items_key,
        count=len(items),
        source=ManifestSource(uri=f"s3://{request.bucket}/{request.key}", version_id=request.version_id),
    ).as_document()


def _check_split(config: PipelineConfig) -> None:
    """Parts are read apart from each other, so that none knows its rows' places in the whole."""
    if config.dataset.split.by == "position":
        detail = (
            'rows of a dataset in parts have no places in one file; [split] by = "position" is for one file'
        )
        raise DatasetRejected([Fault(rule="split", detail=f"{detail}: name identifiers or a group")])


def _content(upload: storage.Upload) -> bytes:
    """No more of it than shows that it is too large."""
    content = b""
    for chunk in upload.chunks:
        content += chunk
        if len(content) > MAX_BYTES:
            break
    return content


def _pin(request: ListPartsRequest, names: list[str]) -> list[storage.Version]:
    """The version of each part that is the newest now."""
    folder = folder_of(request.key)

    def look(name: str) -> storage.Version | None:
        return storage.newest_version(request.bucket, folder + name)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        found = list(threads.map(look, names))
    missing = [
        Fault(rule="manifest", detail=f"there is no object {folder}{name}", part=name)
        for name, version in zip(names, found, strict=True)
        if version is None
    ]
    if missing:
        raise DatasetRejected(missing)
    return [version for version in found if version]


def _list_of(pinned: list[storage.Version], contract_hash: str) -> str:
    identity = json.dumps([contract_hash, *([version.key, version.version_id] for version in pinned)])
    return hashlib.sha256(identity.encode()).hexdigest()[:_LIST_LENGTH]


def _items(
    bucket: str, names: list[str], pinned: list[storage.Version], parts: Parts
) -> list[dict[str, Any]]:
    """What each child of the Map is given. A part's sample is twice its share of the whole's, by size."""
    total = sum(version.size_bytes for version in pinned) or 1
    shares = [version.size_bytes / total for version in pinned]
    return [
        IngestPartRequest(
            list=parts.list,
            number=number,
            part=name,
            bucket=bucket,
            key=version.key,
            version_id=version.version_id,
            sample_rows=max(_MIN_SAMPLE_ROWS, min(SAMPLE_ROWS, round(2 * SAMPLE_ROWS * share))),
        ).as_document()
        for number, (name, version, share) in enumerate(zip(names, pinned, shares, strict=True))
    ]
