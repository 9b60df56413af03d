"""CheckPreconditions: nothing in, whether what serves and what is recorded agree out."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.documents.data import Preconditions
from contracts.errors import PreconditionError
from contracts.settings import CheckPreconditionsSettings
from lambdas.aws.mlflow import CHAMPION, Mlflow
from lambdas.aws.registry import MLFLOW_VERSION, ModelRegistry
from lambdas.deployments import standing
from lambdas.deployments.standing import Standing
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
    else:
        _put_alias_right(settings, found)
    return Preconditions(
        is_endpoint_lost=found.is_endpoint_lost, disagreement=found.disagreement
    ).as_document()


def _put_alias_right(settings: CheckPreconditionsSettings, found: Standing) -> None:
    """The alias `champion` is for people and their notebooks: nothing here believes it, and whoever may call
    the MLflow app may move it.

    A promotion approves first and moves the alias then, so one that happens meanwhile is either seen by the
    second look or moves the alias after this.
    """
    mlflow, name = Mlflow(settings.mlflow_tracking_uri), settings.registered_model_name
    while (champion := found.champion) is not None and champion.promoted_at:
        version = champion.properties.get(MLFLOW_VERSION)
        seen = mlflow.alias_version(name, CHAMPION)
        if version is None or seen == version:
            return
        logger.warning("alias put right", alias=CHAMPION, named=seen, names=version)
        mlflow.set_alias(name, CHAMPION, version)
        found = standing.look(settings.endpoint_name, settings.model_package_group_name)
        if found.disagreement:
            return


def _find_group(name: str) -> None:
    if not ModelRegistry(name).exists():
        raise PreconditionError(
            f"there is no model package group {name}, in which the model would be registered: "
            "see PreconditionError in docs/runbook.md"
        )


def _find_experiment(mlflow: Mlflow, name: str) -> None:
    """It is made here if need be: of several training jobs that make it at once, all but one would fail."""
    if mlflow.ensure_experiment(name) == "deleted":
        raise PreconditionError(
            f"the MLflow experiment {name} is deleted, and a run in it would be refused: "
            "restore it (MlflowClient.restore_experiment), or delete it for good (mlflow gc)"
        )
