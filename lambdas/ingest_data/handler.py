"""IngestData: an uploaded object version in, an accepted dataset version or the reasons against it out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import layout
from contracts.documents.data import Dataset as DatasetDocument
from contracts.documents.requests import IngestDataRequest
from contracts.pipeline_config import PipelineConfig
from contracts.settings import IngestDataSettings
from lambdas.aws import once, storage
from lambdas.datasets.checks.faults import DatasetRejected
from lambdas.datasets.outcome import PARQUET_TYPE, Found, accept, begin, reject, rejected_uri
from lambdas.datasets.upload.arrival import Arrival, receive
from lambdas.datasets.version import version_of
from lambdas.ingest_data.ingestion import (
    HOLDOUT,
    QUARANTINE,
    TRAIN,
    Dataset,
    directory_of,
    ingest,
)
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: the same content under the same contract writes the same objects."""
    settings = IngestDataSettings.from_environment()
    config = PipelineConfig.load(Path(settings.pipeline_config_path))
    request = IngestDataRequest.read(event)
    upload = storage.open_upload(request.bucket, request.key, request.version_id)
    document = begin(config, upload, request.sequencer)
    with tempfile.TemporaryDirectory(prefix="ingest-") as scratch:
        try:
            arrival = receive(upload.chunks, request.key, Path(scratch), config.dataset)
            document["version"] = version_of(arrival.sha256, config.contract_hash)
            dataset = ingest(arrival, config, Path(scratch))
        except DatasetRejected as rejected:
            document |= _kept_aside(settings, document, directory_of(Path(scratch)) / QUARANTINE)
            return reject(settings.metric_namespace, document, rejected)
        return _accept(settings, config, document, dataset, _source(request, arrival))


def _kept_aside(settings: IngestDataSettings, document: dict[str, Any], quarantine: Path) -> dict[str, str]:
    """A rejected dataset's rows that broke a rule, for whoever mends the upload."""
    if not quarantine.exists():
        return {}
    uri = rejected_uri(settings.artifact_bucket_name, document["version"]) + QUARANTINE
    storage.upload_file(quarantine, uri, PARQUET_TYPE)
    return {"quarantine_uri": uri}


def _accept(
    settings: IngestDataSettings,
    config: PipelineConfig,
    document: dict[str, Any],
    dataset: Dataset,
    source: dict[str, Any],
) -> dict[str, Any]:
    uri = layout.dataset(settings.artifact_bucket_name, document["version"]).uri
    files = (TRAIN, HOLDOUT, QUARANTINE)
    for name in (TRAIN, HOLDOUT):
        # What is there already is the same: an earlier attempt's, or that of the same content before.
        once.write_file(dataset.directory / name, uri + name, PARQUET_TYPE)
    storage.upload_file(dataset.directory / QUARANTINE, uri + QUARANTINE, PARQUET_TYPE)
    found = Found(
        counts=dataset.counts, profile=dataset.profile, violations=dataset.violations, source=source
    )
    accepted = accept(settings.metric_namespace, document, config, found, uri, files)
    return DatasetDocument(
        **accepted, holdout_uri=uri + HOLDOUT, quarantine_uri=uri + QUARANTINE
    ).as_document()


def _source(request: IngestDataRequest, arrival: Arrival) -> dict[str, Any]:
    return {
        "uri": f"s3://{request.bucket}/{request.key}",
        "version_id": request.version_id,
        "sha256": arrival.sha256,
        "size_bytes": arrival.size_bytes,
    }
