"""RejectChallenger: a registered challenger and the reason in, what was cleared away out."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.errors import EndpointBusyError
from contracts.settings import RejectChallengerSettings
from lambdas.aws import alarms, endpoints
from lambdas.aws.endpoints import Endpoint
from lambdas.aws.registry import ModelRegistry
from lambdas.mlflow import CHALLENGER, Mlflow
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice. Raises EndpointBusyError until no deployment uses the challenger any more."""
    settings = RejectChallengerSettings.from_environment()
    registration, reason = event["registration"], event["reason"]
    deployment = event.get("deployment")
    if deployment and not _leave_endpoint(settings, deployment):
        logger.warning("challenger kept: it serves", config=deployment["config_name"], reason=reason)
        return {"reason": reason, "deleted": "", "kept": True}
    ModelRegistry(settings.model_package_group_name).reject(registration["model_package_arn"], reason)
    _leave_mlflow(settings, registration["mlflow_model_version"], reason)
    logger.info("challenger rejected", package=registration["model_package_arn"], reason=reason)
    return {"reason": reason, "deleted": deployment["config_name"] if deployment else "", "kept": False}


def _leave_endpoint(settings: RejectChallengerSettings, deployment: dict[str, Any]) -> bool:
    """Delete config, model and alarms once nothing refers to them; first end a deployment still under way.

    False where the challenger serves already: its package then stays for an operator to decide on.
    """
    name, endpoint = deployment["config_name"], Endpoint(settings.endpoint_name)
    state = endpoint.state()
    alarm_names = alarms.names_with_prefix(deployment["alarm_prefix"])
    if state.status == "Failed" and state.config_name == name:
        endpoint.delete()
        raise EndpointBusyError(f"{endpoint.name} could not be created; waiting until it is deleted")
    if not state.is_settled:
        for alarm_name in alarm_names[:1]:
            alarms.trip(alarm_name, "The pipeline gives this deployment up; SageMaker is to roll it back.")
        raise EndpointBusyError(f"{endpoint.name} is {state.status}; waiting until it has left {name}")
    if state.config_name == name:
        return False
    alarms.delete(alarm_names)
    endpoints.delete_config(name)
    endpoints.delete_model(name)
    return True


def _leave_mlflow(settings: RejectChallengerSettings, version: str, reason: str) -> None:
    mlflow, name = Mlflow(settings.mlflow_tracking_uri), settings.registered_model_name
    mlflow.drop_alias(name, CHALLENGER, version)
    mlflow.tag_version(name, version, "status", "rejected")
    mlflow.tag_version(name, version, "rejection_reason", reason[:5000])
