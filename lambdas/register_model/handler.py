"""RegisterModel: the challenger's archive and evaluation in, its package and MLflow version out."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.settings import RegisterModelSettings
from lambdas.aws import archives, images
from lambdas.aws.registry import ModelRegistry, Package
from lambdas.mlflow import CHALLENGER, Mlflow
from lambdas.register_model.lineage import description, lineage
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: the package is found by its training job, the version by its run."""
    settings = RegisterModelSettings.from_environment()
    training, evaluation = event["training"], event["evaluation"]
    properties = lineage(event, training_image_uri=images.by_digest(settings.training_image_uri))
    model_data_uri = archives.keep(training["model_data_uri"], evaluation.get("archive_hash", ""))
    version = _register_in_mlflow(settings, training, evaluation, properties)
    package = ModelRegistry(settings.model_package_group_name).register(
        training_job_name=training["job_name"],
        description=description(evaluation),
        image_uri=images.by_digest(settings.serving_image_uri),
        model_data_uri=model_data_uri,
        report_uri=evaluation["report_uri"],
        properties={**properties, "mlflow_model_version": version},
    )
    logger.info("challenger registered", package=package.arn, mlflow_version=version)
    return _document(package, version, evaluation["model_hash"])


def _register_in_mlflow(
    settings: RegisterModelSettings,
    training: dict[str, Any],
    evaluation: dict[str, Any],
    properties: dict[str, str],
) -> str:
    mlflow = Mlflow(settings.mlflow_tracking_uri)
    name, run_id = settings.registered_model_name, evaluation["mlflow_run_id"]
    mlflow.ensure_model(name)
    version = mlflow.version_of_run(name, run_id) or mlflow.create_version(
        name, run_id=run_id, fallback_source=training["model_data_uri"], tags=properties
    )
    mlflow.set_alias(name, CHALLENGER, version)
    return version


def _document(package: Package, mlflow_version: str, model_hash: str) -> dict[str, Any]:
    return {
        "model_package_arn": package.arn,
        "model_package_version": package.version,
        "mlflow_model_version": mlflow_version,
        "serving_image_uri": package.image_uri,
        "model_data_uri": package.model_data_uri,
        "model_hash": model_hash,
    }
