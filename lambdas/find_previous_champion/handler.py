"""FindPreviousChampion: the champion and an operator's wish in, the model to deploy in its place out."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.errors import RollbackImpossibleError
from contracts.settings import FindPreviousChampionSettings
from lambdas.aws.registry import ModelRegistry, Package
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Returns what TrainModel and RegisterModel would have added; raises RollbackImpossibleError.

    `rollback` may name the champion that the operator saw (`from_package_arn`): a repeated command must not
    go back twice. It may name a `to_version`; without, the champion before this one is meant.
    """
    settings = FindPreviousChampionSettings.from_environment()
    registry = ModelRegistry(settings.model_package_group_name)
    champion_arn, rollback = event["champion_arn"], event["rollback"]
    _refuse_if_outdated(champion_arn, rollback)
    version = rollback.get("to_version")
    found = _of_version(registry, version) if version else _before(registry, champion_arn)
    if found.arn == champion_arn:
        raise RollbackImpossibleError(f"{champion_arn} is the champion already")
    logger.info("rollback", source=champion_arn, target=found.arn)
    return _document(found)


def _refuse_if_outdated(champion_arn: str, rollback: dict[str, Any]) -> None:
    expected = rollback.get("from_package_arn")
    if expected and expected != champion_arn:
        raise RollbackImpossibleError(f"{champion_arn or 'no model'} is champion by now, not {expected}")


def _before(registry: ModelRegistry, champion_arn: str) -> Package:
    earlier = [arn for arn in registry.approved_arns() if arn != champion_arn]
    if not earlier:
        raise RollbackImpossibleError(f"no package was approved before {champion_arn or 'any'}")
    return registry.package(earlier[0])


def _of_version(registry: ModelRegistry, version: int) -> Package:
    for package in registry.packages():
        if package.version == version:
            return package
    raise RollbackImpossibleError(f"there is no version {version} among the model packages")


def _document(package: Package) -> dict[str, Any]:
    return {
        "training": {"job_name": package.training_job_name, "model_data_uri": package.model_data_uri},
        "registration": {
            "model_package_arn": package.arn,
            "model_package_version": package.version,
            "mlflow_model_version": package.properties["mlflow_model_version"],
            "serving_image_uri": package.image_uri,
            "model_data_uri": package.model_data_uri,
        },
    }
