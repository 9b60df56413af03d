"""FindPreviousChampion: an operator's wish in, the model to deploy in place of the one that serves out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.documents.deployments import Rollback
from contracts.documents.models import Registration, Training
from contracts.documents.requests import FindPreviousChampionRequest
from contracts.errors import RollbackImpossibleError
from contracts.settings import FindPreviousChampionSettings
from lambdas.aws.registry import ModelRegistry, Package
from lambdas.deployments import standing
from lambdas.deployments.standing import Standing
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Returns what TrainModel and RegisterModel would have added; raises RollbackImpossibleError.

    `rollback` may name the package that the operator saw serving (`from_package_arn`): a repeated command
    must not go back twice. It may name a `to_version`; without, the last one deployed before is meant, and
    where the endpoint is lost, the champion that should serve. With `restore` nothing is done but that: of
    several uploads that miss the endpoint at once, one brings it back.
    """
    settings = FindPreviousChampionSettings.from_environment()
    rollback = FindPreviousChampionRequest.read(event).rollback
    found = standing.look(settings.endpoint_name, settings.model_package_group_name)
    leaving = found.serving.arn if found.serving else ""
    if found.disagreement:
        logger.warning("endpoint and registry disagree", how=found.disagreement)
    if rollback.restore and not found.is_endpoint_lost:
        logger.info("nothing to restore", endpoint=settings.endpoint_name)
        return {"rollback": replace(rollback, is_needless=True).as_document()}
    _refuse_if_outdated(leaving, rollback.from_package_arn)
    target = _target(found, ModelRegistry(settings.model_package_group_name), rollback.to_version)
    logger.info("rollback", source=leaving, target=target.arn)
    return _document(target, replace(rollback, leaves_package_arn=leaving))


def _refuse_if_outdated(serving_arn: str, expected: str | None) -> None:
    if expected and expected != serving_arn:
        raise RollbackImpossibleError(f"{serving_arn or 'no model'} serves by now, not {expected}")


def _target(found: Standing, registry: ModelRegistry, version: int | None) -> Package:
    if version:
        target = _of_version(registry, version)
    else:
        previous = found.champion if found.is_endpoint_lost else found.previous
        if previous is None:
            serving = f"version {found.serving.version}" if found.serving else "any"
            raise RollbackImpossibleError(f"no approved model was deployed before {serving}")
        target = previous
    if found.serving and target.arn == found.serving.arn:
        raise RollbackImpossibleError(f"{target.arn} serves already")
    return target


def _of_version(registry: ModelRegistry, version: int) -> Package:
    for package in registry.packages():
        if package.version == version:
            return package
    raise RollbackImpossibleError(f"there is no version {version} among the model packages")


def _document(package: Package, rollback: Rollback) -> dict[str, Any]:
    """Three keys of the execution's document at once."""
    training = Training(job_name=package.training_job_name, model_data_uri=package.model_data_uri)
    registration = Registration(
        model_package_arn=package.arn,
        model_package_version=package.version,
        mlflow_model_version=package.properties["mlflow_model_version"],
        serving_image_uri=package.image_uri,
        model_data_uri=package.model_data_uri,
        model_hash=package.properties.get("model_hash", ""),
    )
    return {
        "training": training.as_document(),
        "registration": registration.as_document(),
        "rollback": rollback.as_document(),
    }
