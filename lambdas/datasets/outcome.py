"""How a dataset's document begins and ends, whichever state reads the upload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any

from contracts import layout, metrics
from contracts.documents.data import RejectedDataset
from contracts.pipeline_config import PipelineConfig
from lambdas.aws import storage
from lambdas.datasets.checks.faults import DatasetRejected
from lambdas.datasets.checks.judging import Counts
from lambdas.datasets.checks.violations import Violation
from lambdas.telemetry import count, logger

MAX_FAULTS = 50
PARQUET_TYPE = "application/vnd.apache.parquet"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is known of a sound dataset; `source` leads back to the upload."""

    counts: Counts
    profile: dict[str, Any]
    violations: Sequence[Violation]
    source: dict[str, Any]


def begin(config: PipelineConfig, upload: storage.Upload, sequencer: str) -> dict[str, Any]:
    """`upload_order` tells the newer of two uploads: by time, and in one second by S3's sequencer."""
    stamp = upload.last_modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"contract_hash": config.contract_hash, "upload_order": f"{stamp}/{sequencer}"}


def rejected_uri(bucket: str, version: str) -> str:
    """Where a rejected dataset leaves its quarantine; a dataset's own folder holds accepted ones alone."""
    return layout.REJECTED.uri(bucket, version)


def reject(metric_namespace: str, document: dict[str, Any], rejected: DatasetRejected) -> dict[str, Any]:
    """The dataset's document where it breaks its contract."""
    logger.info("dataset rejected", reason=str(rejected))
    count(metric_namespace, metrics.DATASETS_REJECTED)
    faults = tuple(asdict(fault) for fault in rejected.faults[:MAX_FAULTS])
    return RejectedDataset(**document, accepted=False, message=str(rejected), faults=faults).as_document()


def accept(
    metric_namespace: str,
    document: dict[str, Any],
    config: PipelineConfig,
    found: Found,
    uri: str,
    files: Sequence[str],
) -> dict[str, Any]:
    """The dataset's document where it is complete, but for the places of holdout and quarantine: contract,
    profile and, last of all, the manifest join the files that lie under `uri` already."""
    counts, place = found.counts.as_document(), layout.DatasetPlace(uri)
    storage.write_json(config.as_document(), place.contract_file)
    storage.write_json(found.profile, place.profile)
    storage.write_json(
        {
            "format_version": 1,
            "dataset_version": document["version"],
            "contract_hash": document["contract_hash"],
            "source": found.source,
            "counts": counts,
            "violations": [violation.as_document() for violation in found.violations],
            "files": [*files, f"{layout.CONTRACT}{layout.CONTRACT_FILE}", layout.PROFILE_FILE],
        },
        place.manifest,
    )
    count(metric_namespace, metrics.DATASETS_ACCEPTED)
    count(metric_namespace, metrics.ROWS_READ, found.counts.rows)
    count(metric_namespace, metrics.ROWS_QUARANTINED, found.counts.bad)
    logger.info("dataset accepted", extra={"version": document["version"], **counts})
    return {
        **document,
        **counts,
        "accepted": True,
        "uri": uri,
        "train_uri": place.train,
        "contract_uri": place.contract,
        "profile_uri": place.profile,
        "manifest_uri": place.manifest,
    }
