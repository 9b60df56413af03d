"""CheckPreconditions: nothing in, whether what serves and what is recorded agree out."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.documents.data import Preconditions
from contracts.errors import PreconditionError
from contracts.settings import CheckPreconditionsSettings
from lambdas import standing
from lambdas.aws.registry import ModelRegistry
from lambdas.mlflow import Mlflow
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """What is missing costs seconds here, and a fit later; raises PreconditionError.

    `is_endpoint_lost` tells that a model was deployed and nothing serves any more.
    """
    settings = CheckPreconditionsSettings.from_environment()
    _find_group(settings.model_package_group_name)
    _find_experiment(Mlflow(settings.mlflow_tracking_uri), settings.experiment_name)
    found = standing.look(settings.endpoint_name, settings.model_package_group_name)
    if found.disagreement:
        logger.warning("endpoint and registry disagree", how=found.disagreement)
    return Preconditions(
        is_endpoint_lost=found.is_endpoint_lost, disagreement=found.disagreement
    ).as_document()


def _find_group(name: str) -> None:
    if not ModelRegistry(name).exists():
        raise PreconditionError(
            f"there is no model package group {name}, in which the model would be registered: "
            "deploy the stack again (make deploy), which makes it"
        )


def _find_experiment(mlflow: Mlflow, name: str) -> None:
    """It is made here if need be: of several training jobs that make it at once, all but one would fail."""
    if mlflow.ensure_experiment(name) == "deleted":
        raise PreconditionError(
            f"the MLflow experiment {name} is deleted, and a run in it would be refused: "
            "restore it (MlflowClient.restore_experiment), or delete it for good (mlflow gc)"
        )
