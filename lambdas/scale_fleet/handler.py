"""ScaleFleet: registers the fleet for scaling when its endpoint is in service, and takes it out again.

It is called by SageMaker's events, every few minutes, and by CloudFormation as a custom resource: when
`[scaling]` changes it is applied, and when the stack or the table goes, so does the registration. Each call
looks at what there is, and may run twice.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.names import VARIANT_NAME
from contracts.scaling import FleetScaling
from contracts.settings import ScaleFleetSettings
from lambdas.aws import alarms, measures
from lambdas.aws.custom_resources import reply
from lambdas.aws.endpoints import Endpoint
from lambdas.aws.scaling import ScalableFleet
from lambdas.scale_fleet import plan
from lambdas.telemetry import logger

PHYSICAL_ID = "scaling"
MIN_SAMPLES = 100
"""Requests that a model's time is measured by."""
_LOOK_BACK_SECONDS = 24 * 3600


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Whatever happens is told to CloudFormation, where it asks."""
    settings = ScaleFleetSettings.from_environment()
    if "RequestType" not in event:
        return _apply(settings)
    try:
        done = _withdraw(settings) if event["RequestType"] == "Delete" else _apply(settings)
    except Exception as error:
        logger.exception("scaling failed")
        reply(event, "FAILED", f"{type(error).__name__}: {error}", physical_id=PHYSICAL_ID)
        return {}
    reply(event, "SUCCESS", str(done["state"]), physical_id=PHYSICAL_ID)
    return done


def _apply(settings: ScaleFleetSettings) -> dict[str, Any]:
    """Nothing is touched while a deployment runs, and nothing that is as it should be."""
    scaling = FleetScaling.from_document(json.loads(settings.scaling_policy))
    state, fleet = Endpoint(settings.endpoint_name).state(), ScalableFleet(settings.endpoint_name)
    if state.status != "InService":
        return _said(f"the endpoint is {state.status}")
    config, there = state.config_name, fleet.policy_names()
    is_fresh = any(scaling.fingerprint in name for name in there) and fleet.is_registered
    if is_fresh and there == plan.policy_names(config, scaling, is_measured=True):
        return _said("as it should be")
    service_ms = _service_ms(settings.endpoint_name, config)
    per_minute = plan.target(scaling, service_ms) if service_ms else 0.0
    if service_ms and not per_minute:
        logger.warning("no size keeps the limit", service_ms=service_ms, max_p99_ms=scaling.max_p99_ms)
    if is_fresh and not per_minute:
        return _said("waits for requests to be measured by")
    if not is_fresh:  # else a schedule may have moved the bounds
        fleet.register(scaling.min_instances, scaling.max_instances)
        _put_schedules(fleet, scaling)
    if per_minute:
        fleet.put_policy(plan.tracking_name(config, scaling), plan.tracking(scaling, per_minute))
    _put_steps(settings, fleet, plan.late_name(config, scaling, is_measured=per_minute > 0), scaling)
    for name in plan.stale(there, config, scaling, is_measured=per_minute > 0):
        fleet.delete_policy(name)
    return _said("registered", service_ms=service_ms, target_per_minute=per_minute, config=config)


def _put_schedules(fleet: ScalableFleet, scaling: FleetScaling) -> None:
    for bounds in scaling.schedules:
        fleet.put_schedule(bounds.name, plan.schedule(bounds))
    for name in fleet.schedule_names() - {bounds.name for bounds in scaling.schedules}:
        fleet.delete_schedule(name)


def _put_steps(settings: ScaleFleetSettings, fleet: ScalableFleet, name: str, scaling: FleetScaling) -> None:
    """The alarm keeps its name, so that it never acts for two policies."""
    arn = fleet.put_policy(name, plan.steps(scaling))
    alarm = f"{settings.scaling_alarm_prefix}late"
    alarms.put(plan.late_alarm(alarm, settings.endpoint_name, scaling, arn))


def _withdraw(settings: ScaleFleetSettings) -> dict[str, Any]:
    ScalableFleet(settings.endpoint_name).deregister()
    alarms.delete(alarms.names_with_prefix(settings.scaling_alarm_prefix))
    return _said("deregistered")


def _service_ms(endpoint_name: str, config_name: str) -> float | None:
    """How long the model that serves takes for one request: the median of what SageMaker measured of it."""
    found = measures.median(
        metrics.ENDPOINT_NAMESPACE,
        metrics.MODEL_LATENCY,
        {
            "EndpointName": endpoint_name,
            "VariantName": VARIANT_NAME,
            metrics.CONFIG_DIMENSION: config_name,
        },
        since=int(datetime.now(UTC).timestamp()) - _LOOK_BACK_SECONDS,
        min_samples=MIN_SAMPLES,
    )
    return None if found is None else found / 1000


def _said(state: str, **more: Any) -> dict[str, Any]:
    logger.info(state, **more)
    return {"state": state, **more}
