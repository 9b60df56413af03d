"""RejectChallenger: a challenger and the reason in, what was cleared away out."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.documents.deployments import Rejection
from contracts.documents.requests import RejectChallengerRequest
from contracts.errors import EndpointBusyError
from contracts.settings import RejectChallengerSettings
from lambdas.aws import alarms, endpoints
from lambdas.aws.endpoints import Endpoint, EndpointState
from lambdas.aws.mlflow import CHALLENGER, Mlflow
from lambdas.aws.registry import ModelRegistry
from lambdas.deployments.alarms import GreenFleet
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice. Raises EndpointBusyError until no deployment uses the challenger any more.

    What the states before it left half done goes too: everything is named after the training job, whether
    they lived to report it (`registration`, `deployment`) or not. A former champion that a rollback could not
    bring back loses its alarms and nothing else: whether it is still good is for an operator to say.
    """
    settings = RejectChallengerSettings.from_environment()
    request = RejectChallengerRequest.read(event)
    name, reason = request.training_job_name, request.reason
    was_champion = request.rollback is not None
    was_deployed = request.deployment is not None
    has_left = _leave_endpoint(settings, name, was_deployed=was_deployed, keep=was_champion)
    if not has_left or was_champion:
        logger.warning("model kept: it serves, or did", config=name, reason=reason)
        return Rejection(reason=reason, deleted="", kept=True).as_document()
    package = _leave_registry(settings, request)
    _leave_mlflow(settings, request)
    logger.info("challenger rejected", package=package, reason=reason)
    return Rejection(reason=reason, deleted=name, kept=False).as_document()


def _leave_endpoint(settings: RejectChallengerSettings, name: str, *, was_deployed: bool, keep: bool) -> bool:
    """Delete config, model and alarms once nothing refers to them; first end a deployment still under way.

    False where the challenger serves already: its package then stays for an operator to decide on.
    """
    endpoint = Endpoint(settings.endpoint_name)
    state = endpoint.state()
    alarm_prefix = GreenFleet.alarm_prefix_of(settings.rollback_alarm_prefix, name)
    alarm_names = alarms.names_with_prefix(alarm_prefix)
    if state.status == "Failed" and state.config_name == name:
        endpoint.delete()
        raise EndpointBusyError(f"{endpoint.name} could not be created; waiting until it is deleted")
    if _may_use(state, name, was_deployed=was_deployed):
        alarms.set_off(
            f"{alarm_prefix}error-rate",
            "The pipeline gives this deployment up; SageMaker is to roll it back.",
        )
        raise EndpointBusyError(f"{endpoint.name} is {state.status}; waiting until it has left {name}")
    if state.config_name == name:
        return False
    alarms.delete(alarm_names)
    if not keep:
        endpoints.delete_config(name)
        endpoints.delete_model(name)
    return True


def _may_use(state: EndpointState, name: str, *, was_deployed: bool) -> bool:
    """Whether a deployment that is under way may be this challenger's; another's is none of its business."""
    if state.is_settled:
        return False
    is_its_own = name in (state.config_name, state.pending_config_name)
    return was_deployed or is_its_own or state.status == "RollingBack"


def _leave_registry(settings: RejectChallengerSettings, request: RejectChallengerRequest) -> str:
    """Reject the package, reported or found; returns its ARN, or an empty text where there is none."""
    registry = ModelRegistry(settings.model_package_group_name)
    if request.registration:
        arn = request.registration.model_package_arn
    else:
        found = registry.of_training_job(request.training_job_name)
        arn = found.arn if found else ""
    if arn:
        registry.reject(arn, request.reason)
    return arn


def _leave_mlflow(settings: RejectChallengerSettings, request: RejectChallengerRequest) -> None:
    mlflow, name = Mlflow(settings.mlflow_tracking_uri), settings.registered_model_name
    registered = request.registration
    version = (
        registered.mlflow_model_version if registered else mlflow.version_of_run(name, request.mlflow_run_id)
    )
    if version:
        mlflow.drop_alias(name, CHALLENGER, version)
        mlflow.tag_version(name, version, "status", "rejected")
        mlflow.tag_version(name, version, "rejection_reason", request.reason[:5000])
