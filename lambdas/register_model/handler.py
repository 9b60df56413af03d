"""RegisterModel: the challenger's archive and evaluation in, its package and MLflow version out."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.documents.models import Registration
from contracts.documents.requests import RegisterModelRequest
from contracts.settings import RegisterModelSettings
from lambdas.aws import archives, images
from lambdas.aws.mlflow import CHALLENGER, Mlflow
from lambdas.aws.registry import ModelRegistry
from lambdas.register_model.lineage import description, lineage
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: the package is found by its training job, the version by its run."""
    settings = RegisterModelSettings.from_environment()
    request = RegisterModelRequest.read(event)
    training, evaluation = request.training, request.evaluation
    properties = lineage(request, training_image_uri=images.by_digest(settings.training_image_uri))
    model_data_uri = archives.keep(training.model_data_uri, evaluation.archive_hash)
    version = _register_in_mlflow(settings, request, properties)
    package = ModelRegistry(settings.model_package_group_name).register(
        training_job_name=training.job_name,
        description=description(evaluation),
        image_uri=images.by_digest(settings.serving_image_uri),
        model_data_uri=model_data_uri,
        report_uri=evaluation.report_uri,
        properties={**properties, "mlflow_model_version": version},
    )
    logger.info("challenger registered", package=package.arn, mlflow_version=version)
    return Registration(
        model_package_arn=package.arn,
        model_package_version=package.version,
        mlflow_model_version=version,
        serving_image_uri=package.image_uri,
        model_data_uri=package.model_data_uri,
        model_hash=evaluation.model_hash,
    ).as_document()


def _register_in_mlflow(
    settings: RegisterModelSettings, request: RegisterModelRequest, properties: dict[str, str]
) -> str:
    mlflow = Mlflow(settings.mlflow_tracking_uri)
    name, run_id = settings.registered_model_name, request.evaluation.mlflow_run_id
    mlflow.ensure_model(name)
    version = mlflow.version_of_run(name, run_id) or mlflow.create_version(
        name, run_id=run_id, fallback_source=request.training.model_data_uri, tags=properties
    )
    mlflow.set_alias(name, CHALLENGER, version)
    return version
