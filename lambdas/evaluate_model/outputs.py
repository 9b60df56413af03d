"""What the evaluation leaves: the report in S3, the figures in MLflow, and the state's own document."""

from __future__ import annotations

from typing import Any

from contracts import layout
from contracts.settings import EvaluateModelSettings
from lambdas.aws import storage
from lambdas.aws.mlflow import Mlflow
from lambdas.datasets.sketch import Sketch
from lambdas.evaluate_model.report.page import page

_TAG_LENGTH = 5000  # of a run's tag value (MLflow, `MAX_TAG_VAL_LENGTH`)


def write_report(
    settings: EvaluateModelSettings, job_name: str, document: dict[str, Any], trained_on: Sketch
) -> dict[str, str]:
    """To S3, with the sketch of what the challenger was trained on; the report beside the artifacts of the
    training job's MLflow run, too, where there is one."""
    uri = layout.EVALUATIONS.uri(settings.artifact_bucket_name, job_name).rstrip("/")
    html = page(document)
    storage.write_bytes(trained_on.to_bytes(), f"{uri}/{layout.SKETCH_FILE}", "application/octet-stream")
    _write(document, html, uri)
    if run_id := document["lineage"]["mlflow_run_id"]:
        mlflow = Mlflow(settings.mlflow_tracking_uri)
        _write(document, html, f"{mlflow.artifact_uri(run_id)}/evaluation")
        _log(mlflow, run_id, document)
    return {
        "report_uri": f"{uri}/{layout.REPORT_JSON}",
        "report_html_uri": f"{uri}/{layout.REPORT_HTML}",
        "trained_on_uri": f"{uri}/{layout.SKETCH_FILE}",
    }


def _write(document: dict[str, Any], html: str, uri: str) -> None:
    storage.write_json(document, f"{uri}/{layout.REPORT_JSON}")
    storage.write_text(html, f"{uri}/{layout.REPORT_HTML}", "text/html; charset=utf-8")


def _log(mlflow: Mlflow, run_id: str, document: dict[str, Any]) -> None:
    """The run gains what the holdout said."""
    mlflow.log_metrics(run_id, {f"holdout_{name}": value for name, value in document["challenger"].items()})
    mlflow.set_tag(run_id, "verdict", document["verdict"]["reason"][:_TAG_LENGTH])
    mlflow.set_tag(run_id, "promote", str(document["verdict"]["promote"]).lower())


def answer(document: dict[str, Any], uris: dict[str, str], archive_hash: str) -> dict[str, Any]:
    """What the execution's document keeps: figures and places, not the whole report.

    Without a champion its ARN is empty and its figures are null. `archive_hash` is the SHA-256 (hex) of the
    archive that was judged.
    """
    lineage = document["lineage"]
    return {
        "verdict": document["verdict"],
        "metric": document["metric"],
        "challenger": document["challenger"],
        "champion": document["champion"],
        "champion_arn": lineage["champion_arn"],
        "mlflow_run_id": lineage["mlflow_run_id"],
        "model_hash": lineage["model_hash"],
        "archive_hash": archive_hash,
        "holdout_rows": document["rows"]["judged"],
        **uris,
    }
