"""IngestData: an uploaded object version in, an accepted dataset version or the reasons against it out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.pipeline_config import PipelineConfig
from contracts.settings import IngestDataSettings
from lambdas.aws import storage
from lambdas.ingest_data.arrival import Arrival, receive
from lambdas.ingest_data.faults import DatasetRejected
from lambdas.ingest_data.ingestion import HOLDOUT, QUARANTINE, TRAIN, Dataset, ingest, version_of
from lambdas.ingest_data.outcome import begin, reject
from lambdas.telemetry import count, logger

_PARQUET = "application/vnd.apache.parquet"


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: the same content under the same contract writes the same objects."""
    settings = IngestDataSettings.from_environment()
    config = PipelineConfig.load(Path(settings.pipeline_config_path))
    upload = storage.open_upload(event["bucket"], event["key"], event["version_id"])
    document = begin(config, upload, event.get("sequencer", ""))
    with tempfile.TemporaryDirectory(prefix="ingest-") as scratch:
        try:
            arrival = receive(upload.chunks, event["key"], Path(scratch))
            document["version"] = version_of(arrival.sha256, config.contract_hash)
            dataset = ingest(arrival, config, Path(scratch))
        except DatasetRejected as rejected:
            return reject(settings.metric_namespace, document, rejected)
        return _accept(settings, config, document, dataset, _source(event, arrival))


def _accept(
    settings: IngestDataSettings,
    config: PipelineConfig,
    document: dict[str, Any],
    dataset: Dataset,
    source: dict[str, Any],
) -> dict[str, Any]:
    uri = f"s3://{settings.artifact_bucket_name}/datasets/{document['version']}/"
    counts = dataset.counts.as_document()
    for name in (TRAIN, HOLDOUT, QUARANTINE):
        storage.upload_file(dataset.directory / name, uri + name, _PARQUET)
    storage.write_json(config.as_document(), f"{uri}contract/contract.json")
    storage.write_json(dataset.profile, f"{uri}profile.json")
    storage.write_json(_manifest(document, dataset, counts, source), f"{uri}manifest.json")
    count(settings.metric_namespace, metrics.DATASETS_ACCEPTED)
    count(settings.metric_namespace, metrics.ROWS_READ, dataset.rows)
    count(settings.metric_namespace, metrics.ROWS_QUARANTINED, dataset.quarantined_rows)
    logger.info("dataset accepted", extra={"version": document["version"], **counts})
    return {
        **document,
        **counts,
        "accepted": True,
        "uri": uri,
        "train_uri": f"{uri}train/",
        "contract_uri": f"{uri}contract/",
        "holdout_uri": uri + HOLDOUT,
        "quarantine_uri": uri + QUARANTINE,
        "profile_uri": f"{uri}profile.json",
        "manifest_uri": f"{uri}manifest.json",
    }


def _manifest(
    document: dict[str, Any], dataset: Dataset, counts: dict[str, int], source: dict[str, Any]
) -> dict[str, Any]:
    """Written last: a version with a manifest is complete."""
    violations = [violation.as_document() for violation in dataset.violations]
    return {
        "format_version": 1,
        "dataset_version": document["version"],
        "contract_hash": document["contract_hash"],
        "source": source,
        "counts": counts,
        "violations": violations,
        "files": [TRAIN, HOLDOUT, QUARANTINE, "contract/contract.json", "profile.json"],
    }


def _source(event: dict[str, Any], arrival: Arrival) -> dict[str, Any]:
    return {
        "uri": f"s3://{event['bucket']}/{event['key']}",
        "version_id": event["version_id"],
        "sha256": arrival.sha256,
        "size_bytes": arrival.size_bytes,
    }
