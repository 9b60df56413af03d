"""JudgeDrift: a window in, what of it moved away from the champion's training data out."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import layout
from contracts.documents.monitoring import Drift, JudgeDriftRequest, Window
from contracts.monitoring import Monitoring
from contracts.settings import JudgeDriftSettings
from lambdas.aws import once, storage
from lambdas.judge_drift.verdict import Rows, Watched, cause_of, judged, reason_of, rule_of
from lambdas.monitoring import champion, windows
from lambdas.monitoring.champion import PARQUET, Baseline, arrays_of, predictions_of
from lambdas.monitoring.requests import PREDICTION, PROBABILITIES
from lambdas.telemetry import logger
from scoring.drift.judging import Judgement


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: the same window gets the same verdict."""
    settings = JudgeDriftSettings.from_environment()
    policy = Monitoring.from_document(json.loads(settings.monitoring_policy))
    window = JudgeDriftRequest.read(event).window
    rule = rule_of(policy)
    with tempfile.TemporaryDirectory(prefix="drift-") as name:
        scratch = Path(name)
        baseline = champion.load(window.baseline_uri)
        features = [column.name for column in baseline.watched]
        then = baseline.rows(scratch)
        watched = _watch(then, baseline, window, settings.artifact_bucket_name, scratch)
        judgement = judged(watched, then, features, rule)
        since_first = None
        if watched.rows >= policy.min_rows:
            first = _first_window(baseline, watched, scratch)
            if first is not None:
                again = _watch(first, baseline, window, settings.artifact_bucket_name, scratch)
                since_first = judged(again, first, features, rule)
    cause = cause_of(judgement, since_first)
    reason = reason_of(judgement, cause, policy.min_rows)
    uri = f"{layout.VERDICTS.uri(settings.artifact_bucket_name, window.last_hour)}{layout.DRIFT_FILE}"
    storage.write_json(_document(window, judgement, cause, reason), uri)
    logger.info("drift", status=judgement.status, cause=cause, reason=reason)
    return Drift(
        status=judgement.status,
        reason=reason,
        cause=cause,
        columns=tuple(dict.fromkeys(finding.column for finding in judgement.drifted)),
        rows=judgement.rows,
        document_uri=uri,
    ).as_document()


def _watch(then: Rows, baseline: Baseline, window: Window, bucket: str, scratch: Path) -> Watched:
    watched = Watched(then)
    names = [*(column.name for column in baseline.watched), PREDICTION, PROBABILITIES]
    for table in windows.rows_of(window, bucket, scratch, names):
        known = [column for column in baseline.watched if column.name in table.column_names]
        piece = {**arrays_of(table, known), **predictions_of(table, baseline.classes)}
        watched.add(piece, table.num_rows)
    return watched


def _first_window(baseline: Baseline, watched: Watched, scratch: Path) -> Rows | None:
    """Rows of the first window that the champion was judged on; None where that is this very one, which is
    then kept, once."""
    uri, path = f"{baseline.uri}{layout.FIRST_WINDOW_FILE}", scratch / "first.parquet"
    try:
        storage.download_file(uri, path)
    except storage.ObjectMissingError:
        sample = watched.sample
        pq.write_table(pa.table({name: pa.array(list(values)) for name, values in sample.items()}), path)
        once.write_file(path, uri, PARQUET)
        return None
    table = pq.read_table(path)
    return {
        name: np.array(table.column(name).to_pylist(), dtype=object)
        if pa.types.is_string(table.schema.field(name).type)
        else np.asarray(table.column(name).to_numpy(), dtype=np.float64)
        for name in table.column_names
    }


def _document(window: Window, judgement: Judgement, cause: str, reason: str) -> dict[str, Any]:
    """For machines; the page is made of it."""
    return {
        "format_version": 1,
        "window": window.as_document(),
        "status": judgement.status,
        "cause": cause,
        "reason": reason,
        "rows": judgement.rows,
        "findings": [asdict(finding) for finding in judgement.findings],
        "columns": {
            name: {
                "psi": column.psi,
                "psi_by_chance": column.psi_by_chance,
                "labels": list(column.labels),
                "then": list(column.then),
                "now": list(column.now),
                "tests": [asdict(test) for test in column.tests],
            }
            for name, column in judgement.columns.items()
        },
    }
