"""IngestData: an uploaded object version in, an accepted dataset version or the reasons against it out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.pipeline_config import PipelineConfig
from contracts.settings import IngestDataSettings
from lambdas.aws import storage
from lambdas.ingest_data.arrival import Arrival, save
from lambdas.ingest_data.faults import DatasetRejected
from lambdas.ingest_data.formats import content_of, kind_of, within
from lambdas.ingest_data.ingestion import HOLDOUT, QUARANTINE, TRAIN, Dataset, ingest, version_of
from lambdas.telemetry import count, logger

_MAX_FAULTS = 50
_UPLOAD_SHARE = 0.6  # of the scratch space; Parquet files and what DuckDB spills take the rest
_PARQUET = "application/vnd.apache.parquet"


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: the same content under the same contract writes the same objects."""
    settings = IngestDataSettings.from_environment()
    config = PipelineConfig.load(Path(settings.pipeline_config_path))
    upload = storage.open_upload(event["bucket"], event["key"], event["version_id"])
    stamp = upload.last_modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {
        "contract_hash": config.contract_hash,
        "upload_order": f"{stamp}/{event.get('sequencer', '')}",
    }
    with tempfile.TemporaryDirectory(prefix="ingest-") as scratch:
        try:
            arrival = _receive(upload.chunks, event["key"], Path(scratch))
            document["version"] = version_of(arrival.sha256, config.contract_hash)
            dataset = ingest(arrival, config, Path(scratch))
        except DatasetRejected as rejected:
            return _reject(settings, document, rejected)
        return _accept(settings, config, document, dataset, _source(event, arrival))


def _receive(chunks: Iterable[bytes], key: str, scratch: Path) -> Arrival:
    """Save the upload, of whatever size leaves room for what is made of it."""
    room = int(_UPLOAD_SHARE * shutil.disk_usage(scratch).free)
    return save(within(content_of(chunks, key), room), scratch / "upload", kind_of(key))


def _reject(
    settings: IngestDataSettings, document: dict[str, Any], rejected: DatasetRejected
) -> dict[str, Any]:
    logger.info("dataset rejected", reason=str(rejected))
    count(settings.metric_namespace, metrics.DATASETS_REJECTED)
    faults = [asdict(fault) for fault in rejected.faults[:_MAX_FAULTS]]
    return {**document, "accepted": False, "message": str(rejected), "faults": faults}


def _accept(
    settings: IngestDataSettings,
    config: PipelineConfig,
    document: dict[str, Any],
    dataset: Dataset,
    source: dict[str, Any],
) -> dict[str, Any]:
    uri = f"s3://{settings.artifact_bucket_name}/datasets/{document['version']}/"
    counts = {
        "rows": dataset.rows,
        "train_rows": dataset.train_rows,
        "holdout_rows": dataset.holdout_rows,
        "quarantined_rows": dataset.quarantined_rows,
    }
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
    violations = [asdict(violation) for violation in dataset.violations]
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
