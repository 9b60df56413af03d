"""IngestPart: one pinned part in; its files and figures, or why it cannot be read, go to S3."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.documents.data import PartRead
from contracts.documents.requests import IngestPartRequest
from contracts.settings import IngestPartSettings
from lambdas.aws import storage
from lambdas.datasets.checks.faults import DatasetRejected
from lambdas.datasets.outcome import MAX_FAULTS, PARQUET_TYPE
from lambdas.datasets.parts.records import RESULT_FILE, PartResult, Parts
from lambdas.datasets.upload.arrival import receive
from lambdas.ingest_part.part import ingest_part
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: the same version under the same contract writes the same objects.

    A part that cannot be read is no failure: MergeParts rejects the dataset with all such reasons at once.
    """
    settings, request = IngestPartSettings.from_environment(), IngestPartRequest.read(event)
    parts = Parts(bucket=settings.artifact_bucket_name, list=request.list)
    config = parts.config()
    upload = storage.open_upload(request.bucket, request.key, request.version_id)
    with tempfile.TemporaryDirectory(prefix="part-") as name:
        scratch, uri = Path(name), parts.uri(request.number)
        try:
            arrival = receive(upload.chunks, request.key, scratch, config.dataset)
            result = ingest_part(arrival, request, config, scratch, scratch / "part")
        except DatasetRejected as rejected:
            result = _unreadable(request, rejected)
        else:
            for file in sorted((scratch / "part").iterdir()):
                storage.upload_file(file, uri + file.name, PARQUET_TYPE)
    storage.write_json(result.as_document(), uri + RESULT_FILE)
    logger.info("part read", extra={"part": request.part, "rows": result.rows, "faults": len(result.faults)})
    return PartRead(number=request.number, rows=result.rows).as_document()


def _unreadable(request: IngestPartRequest, rejected: DatasetRejected) -> PartResult:
    faults = [asdict(replace(fault, part=request.part)) for fault in rejected.faults[:MAX_FAULTS]]
    return PartResult(part=request.part, version_id=request.version_id, faults=tuple(faults))
