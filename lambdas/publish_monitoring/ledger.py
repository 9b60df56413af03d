"""Retrainings that were started, and how each ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts import layout
from lambdas.aws import executions, storage
from lambdas.monitoring import hours
from lambdas.uploads import Upload


@dataclass(frozen=True, kw_only=True)
class Started:
    """One retraining. `outcome` is the execution's (`Promoted`, `ChallengerRejected`), its status where it
    named none (`RUNNING`, `FAILED`), and empty where nothing is known of an execution; without `is_uploaded`
    its monitor died before the upload."""

    stamp: str
    at: datetime
    cause: str
    is_uploaded: bool
    outcome: str


def read(artifact_bucket: str, raw_bucket: str, state_machine_arn: str) -> list[Started]:
    """The last first."""
    uris = storage.list_uris(f"s3://{artifact_bucket}/{layout.RETRAININGS.prefix}")
    records = [storage.read_json(uri) for uri in uris if uri.endswith(f"/{layout.RECORD_FILE}")]
    found = [_started(record, raw_bucket, state_machine_arn) for record in records if record]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _started(record: dict[str, Any], raw_bucket: str, state_machine_arn: str) -> Started:
    version = storage.newest_version(raw_bucket, record["key"])
    status = outcome = ""
    if version is not None:
        upload = Upload(bucket=raw_bucket, key=version.key, version_id=version.version_id, sequencer="")
        arn = executions.arn_of(state_machine_arn, upload.execution_name)
        status, outcome = executions.ending_of(arn)
    return Started(
        stamp=record["stamp"],
        at=hours.moment(record["at"]),
        cause=record["cause"],
        is_uploaded=version is not None,
        outcome=outcome or status,
    )
