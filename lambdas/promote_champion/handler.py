"""PromoteChampion: a deployed challenger in, the champion out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.documents.deployments import Deployment, Promotion, Proof, Rollback
from contracts.documents.models import Registration
from contracts.documents.requests import PromoteChampionRequest
from contracts.errors import ArchiveChangedError
from contracts.settings import PromoteChampionSettings
from lambdas.aws import alarms, endpoints
from lambdas.aws.mlflow import CHALLENGER, CHAMPION, Mlflow
from lambdas.aws.registry import ModelRegistry
from lambdas.deployments import cleaning
from lambdas.telemetry import count, logger
from lambdas.times import utc


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: each step sets a state rather than changing one."""
    settings = PromoteChampionSettings.from_environment()
    request = PromoteChampionRequest.read(event)
    registration, deployment = request.registration, request.deployment
    registry = ModelRegistry(settings.model_package_group_name)
    arn = registration.model_package_arn
    _compare(registration, deployment)
    previous = _last_promoted(registry, apart_from=arn)
    proof = request.proof or Proof(kind="", reason="")
    approved_by = request.approval.by if request.approval else ""
    registry.promote(arn, _reason(deployment, proof), _now(request), proof.kind, approved_by)
    _blame(registry, registration, request.rollback)
    _move_aliases(settings, registration.mlflow_model_version)
    alarms.delete(alarms.names_with_prefix(deployment.alarm_prefix))
    deleted = _delete_old_versions(settings, registry)
    count(settings.metric_namespace, metrics.DEPLOYMENTS_PROMOTED)
    logger.info("champion promoted", package=arn, deleted=deleted)
    return Promotion(
        champion_arn=arn, previous_champion_arn=previous, proof=proof.kind, deleted=tuple(deleted)
    ).as_document()


def _now(request: PromoteChampionRequest) -> str:
    """The moment of the promotion. An execution that began before the state machine passed the time goes on
    with the definition it began with (Step Functions Developer Guide, "Updating a state machine"), so there
    it is this function's own clock."""
    return utc(request.now) if request.now else utc(datetime.now(UTC).isoformat())


def _compare(registration: Registration, deployment: Deployment) -> None:
    """What serves must be what was evaluated and registered, whoever made the model of that name."""
    uri, environment = endpoints.model_of(deployment.config_name)
    found, expected = environment.get(metrics.MODEL_HASH_VARIABLE, ""), registration.model_hash
    if uri != registration.model_data_uri or (found and found != expected):
        raise ArchiveChangedError(
            f"{deployment.config_name} serves {uri} (model hash {found or 'unknown'}), and "
            f"{registration.model_data_uri} ({expected or 'unknown'}) was evaluated"
        )


def _reason(deployment: Deployment, proof: Proof) -> str:
    """What the package's approval says of its deployment, and whether anybody saw it answer."""
    served = f"serves as {deployment.config_name}"
    return f"{served}; {proof.kind}: {proof.reason}" if proof.kind else served


def _last_promoted(registry: ModelRegistry, *, apart_from: str) -> str:
    """The ARN of the champion before this one, or an empty text."""
    others = [package for package in registry.promoted() if package.arn != apart_from]
    return max(others, key=lambda package: package.promoted_at).arn if others else ""


def _blame(registry: ModelRegistry, registration: Registration, rollback: Rollback | None) -> None:
    """Whoever goes back has a reason to leave the model that served, and no other: it is rejected.

    Going on to a newer version blames nobody.
    """
    if not rollback or not rollback.leaves_package_arn:
        return
    package = registry.package(rollback.leaves_package_arn)
    if package.version > registration.model_package_version:
        why = f": {rollback.reason}" if rollback.reason else ""
        registry.reject(package.arn, f"{registration.model_package_arn} serves in its place{why}")


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
