"""What a registered model remembers of its making. Pure."""

from __future__ import annotations

from contracts.documents.models import Evaluation
from contracts.documents.requests import RegisterModelRequest


def lineage(request: RegisterModelRequest, *, training_image_uri: str) -> dict[str, str]:
    """Properties of the model package and tags of the MLflow version: enough to make the model again."""
    dataset, evaluation = request.dataset, request.evaluation
    return {
        "training_job_name": request.training.job_name,
        "execution_name": request.execution_name,
        "dataset_version": dataset.version,
        "dataset_uri": dataset.uri,
        "contract_hash": dataset.contract_hash,
        "mlflow_run_id": evaluation.mlflow_run_id,
        "training_image_uri": training_image_uri,
        "model_hash": evaluation.model_hash,
        "archive_hash": evaluation.archive_hash,
        "report_html_uri": evaluation.report_html_uri,
        "trained_on_uri": evaluation.trained_on_uri,
    }


def description(evaluation: Evaluation) -> str:
    """One sentence for whoever lists the registry; 1,024 characters at most (`CreateModelPackage`)."""
    value = evaluation.challenger[evaluation.metric]
    return f"{evaluation.metric} {value:.6g} on the holdout. {evaluation.verdict.reason}"[:1024]
