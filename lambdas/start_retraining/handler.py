"""StartRetraining: a retraining that is due in, the upload that starts the pipeline out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import layout, metrics
from contracts.documents.monitoring import RetrainingStart, StartRetrainingRequest
from contracts.settings import StartRetrainingSettings
from lambdas.aws import once, storage
from lambdas.monitoring import champion
from lambdas.monitoring.champion import PARQUET, Baseline
from lambdas.monitoring.lineage import taken_by
from lambdas.monitoring.training_rows import KEY, KEY_ROW
from lambdas.start_retraining.rows import dataset_files, write_upload
from lambdas.telemetry import count, logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice, and go on where it died: what it takes is written down once and for all before anything
    is uploaded, and the upload is made of that alone. So no row is taken by two retrainings, and none is
    written down and lost."""
    settings = StartRetrainingSettings.from_environment()
    request = StartRetrainingRequest.read(event)
    stamp = request.publication.stamp
    place = layout.RETRAININGS.uri(settings.artifact_bucket_name, stamp)
    key = f"{layout.RETRAINING_FOLDER}{stamp}.parquet"
    with tempfile.TemporaryDirectory(prefix="retraining-") as name:
        scratch = Path(name)
        record = storage.read_json(f"{place}{layout.RECORD_FILE}")
        if record is None:
            record = _write_down(settings, request, place, key, scratch)
        new = _fetch(f"{place}{layout.NEW_ROWS_FILE}", scratch / "new.parquet")
        baseline = champion.load(record["baseline_uri"])
        path = scratch / "upload.parquet"
        base_rows = write_upload(dataset_files(baseline.dataset_uri, scratch), new, path, baseline.contract)
        uri = f"s3://{settings.raw_bucket_name}/{key}"
        started = once.write_file(path, uri, PARQUET)
    if started:
        count(settings.metric_namespace, metrics.RETRAININGS_STARTED)
    logger.info("retraining", started=started, upload=uri, base_rows=base_rows, new_rows=new.num_rows)
    return RetrainingStart(
        started=started, upload_uri=uri, base_rows=base_rows, new_rows=new.num_rows
    ).as_document()


def _write_down(
    settings: StartRetrainingSettings, request: StartRetrainingRequest, place: str, key: str, scratch: Path
) -> dict[str, Any]:
    """First the rows, then which they are, and last of all the record, by which the next run knows of
    them."""
    window = request.window
    source = f"{layout.VERDICTS.uri(settings.artifact_bucket_name, window.last_hour)}{layout.NEW_ROWS_FILE}"
    new = _fetch(source, scratch / "source.parquet")
    baseline = champion.load(window.baseline_uri)
    storage.upload_file(scratch / "source.parquet", f"{place}{layout.NEW_ROWS_FILE}", PARQUET)
    taken = _taken(settings, baseline, new)
    pq.write_table(taken, scratch / "taken.parquet")
    storage.upload_file(scratch / "taken.parquet", f"{place}{layout.TAKEN_FILE}", PARQUET)
    record = {
        "format_version": 1,
        "stamp": request.publication.stamp,
        "at": request.now,
        "cause": request.publication.cause,
        "reason": request.publication.reason,
        "key": key,
        "baseline_uri": window.baseline_uri,
        "champion_arn": window.champion_arn,
        "base_dataset_uri": baseline.dataset_uri,
        "new_rows": new.num_rows,
        "taken_rows": taken.num_rows,
    }
    storage.write_json(record, f"{place}{layout.RECORD_FILE}")
    return record


def _taken(settings: StartRetrainingSettings, baseline: Baseline, new: pa.Table) -> pa.Table:
    """All labelled rows that the new dataset will hold: those of the one it grows from, and these."""
    before = sorted(taken_by(baseline.dataset_uri, settings.artifact_bucket_name))
    old = pa.table(
        {
            KEY: pa.array([key for key, _ in before], pa.string()),
            KEY_ROW: pa.array([row for _, row in before], pa.int64()),
        }
    )
    return pa.concat_tables([old, new.select([KEY, KEY_ROW])])


def _fetch(uri: str, path: Path) -> pa.Table:
    storage.download_file(uri, path)
    return pq.read_table(path)
