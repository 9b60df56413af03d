"""What a registered model remembers of its making. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def lineage(event: Mapping[str, Any], *, training_image_uri: str) -> dict[str, str]:
    """Properties of the model package and tags of the MLflow version: enough to make the model again."""
    dataset, evaluation = event["dataset"], event["evaluation"]
    return {
        "training_job_name": event["training"]["job_name"],
        "execution_name": event["execution_name"],
        "dataset_version": dataset["version"],
        "dataset_uri": dataset["uri"],
        "contract_hash": dataset["contract_hash"],
        "mlflow_run_id": evaluation["mlflow_run_id"],
        "training_image_uri": training_image_uri,
        "model_hash": evaluation["model_hash"],
        "archive_hash": evaluation.get("archive_hash", ""),
        "report_html_uri": evaluation["report_html_uri"],
        "trained_on_uri": evaluation.get("trained_on_uri", ""),
    }


def description(evaluation: Mapping[str, Any]) -> str:
    """One sentence for whoever lists the registry; 1,024 characters at most (`CreateModelPackage`)."""
    metric = evaluation["metric"]
    value = evaluation["challenger"][metric]
    return f"{metric} {value:.6g} on the holdout. {evaluation['verdict']['reason']}"[:1024]
