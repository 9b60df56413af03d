"""What the evaluation leaves: the report in S3, the figures in MLflow, and the state's own document."""

from __future__ import annotations

from typing import Any

from contracts.settings import EvaluateModelSettings
from lambdas.aws import storage
from lambdas.evaluate_model.report.page import page
from lambdas.mlflow import Mlflow

HTML = "text/html; charset=utf-8"
_TAG_LENGTH = 5000  # of a run's tag value (MLflow, `MAX_TAG_VAL_LENGTH`)


def write_report(settings: EvaluateModelSettings, job_name: str, document: dict[str, Any]) -> dict[str, str]:
    base = f"s3://{settings.artifact_bucket_name}/evaluations/{job_name}"
    uris = {"report_uri": f"{base}/report.json", "report_html_uri": f"{base}/report.html"}
    storage.write_json(document, uris["report_uri"])
    storage.write_text(page(document), uris["report_html_uri"], HTML)
    return uris


def log_to_mlflow(settings: EvaluateModelSettings, document: dict[str, Any]) -> None:
    """The run of the training job gains what the holdout said."""
    run_id = document["lineage"]["mlflow_run_id"]
    if not run_id:
        return
    mlflow = Mlflow(settings.mlflow_tracking_uri)
    mlflow.log_metrics(run_id, {f"holdout_{name}": value for name, value in document["challenger"].items()})
    mlflow.set_tag(run_id, "verdict", document["verdict"]["reason"][:_TAG_LENGTH])
    mlflow.set_tag(run_id, "promote", str(document["verdict"]["promote"]).lower())


def answer(document: dict[str, Any], uris: dict[str, str]) -> dict[str, Any]:
    """What the execution's document keeps: figures and places, not the whole report. Without a champion its
    ARN is empty and its figures are null."""
    lineage = document["lineage"]
    return {
        "verdict": document["verdict"],
        "metric": document["metric"],
        "challenger": document["challenger"],
        "champion": document["champion"],
        "champion_arn": lineage["champion_arn"],
        "mlflow_run_id": lineage["mlflow_run_id"],
        "model_hash": lineage["model_hash"],
        "holdout_rows": document["rows"]["judged"],
        **uris,
    }
