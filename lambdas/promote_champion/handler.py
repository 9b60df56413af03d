"""PromoteChampion: a deployed challenger in, the champion out."""

from __future__ import annotations

import itertools
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.settings import PromoteChampionSettings
from lambdas import cleaning
from lambdas.aws import alarms, endpoints
from lambdas.aws.registry import ModelRegistry
from lambdas.mlflow import CHALLENGER, CHAMPION, Mlflow
from lambdas.telemetry import count, logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: each step sets a state rather than changing one."""
    settings = PromoteChampionSettings.from_environment()
    registration, deployment = event["registration"], event["deployment"]
    registry = ModelRegistry(settings.model_package_group_name)
    previous = registry.champion()
    registry.approve(registration["model_package_arn"], f"serves as {deployment['config_name']}")
    _demote_newer(registry, registration["model_package_arn"], event.get("rollback"))
    _move_aliases(settings, registration["mlflow_model_version"])
    alarms.delete(alarms.names_with_prefix(deployment["alarm_prefix"]))
    deleted = _delete_old_versions(settings, registry)
    count(settings.metric_namespace, metrics.DEPLOYMENTS_PROMOTED)
    logger.info("champion promoted", package=registration["model_package_arn"], deleted=deleted)
    return {
        "champion_arn": registration["model_package_arn"],
        "previous_champion_arn": previous.arn if previous else "",
        "deleted": deleted,
    }


def _demote_newer(registry: ModelRegistry, promoted_arn: str, rollback: dict[str, Any] | None) -> None:
    """The champion is the newest approved package: one that a rollback leaves must be approved no more."""
    why = f": {rollback['reason']}" if rollback and rollback.get("reason") else ""
    for arn in itertools.takewhile(lambda found: found != promoted_arn, registry.approved_arns()):
        registry.reject(arn, f"{promoted_arn} serves in its place{why}")


def _move_aliases(settings: PromoteChampionSettings, version: str) -> None:
    mlflow, name = Mlflow(settings.mlflow_tracking_uri), settings.registered_model_name
    replaced = mlflow.alias_version(name, CHAMPION)
    if replaced and replaced != version:
        mlflow.tag_version(name, replaced, "status", "archived")
    mlflow.set_alias(name, CHAMPION, version)
    mlflow.tag_version(name, version, "status", CHAMPION)
    mlflow.drop_alias(name, CHALLENGER, version)


def _delete_old_versions(settings: PromoteChampionSettings, registry: ModelRegistry) -> list[str]:
    """Configs and models beyond the former champions kept for a manual rollback; never the one in service."""
    state = endpoints.Endpoint(settings.endpoint_name).state()
    configs = cleaning.of_pipeline(
        list(endpoints.config_names(settings.endpoint_name)), settings.endpoint_name
    )
    in_use = {state.config_name, state.pending_config_name}
    rejected = registry.rejected_among(configs)
    old = cleaning.expendable(configs, keep=int(settings.keep_versions), in_use=in_use, rejected=rejected)
    for name in old:
        endpoints.delete_config(name)
        endpoints.delete_model(name)
    return old
