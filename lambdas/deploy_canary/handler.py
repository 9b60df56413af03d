"""DeployCanary: a registered challenger in, a running deployment out."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.deployment import DeploymentPolicy
from contracts.errors import EndpointBusyError
from contracts.names import PIPELINE_TAG, STAGE_TAG
from contracts.reading import Table
from contracts.settings import DeployCanarySettings
from lambdas import lease
from lambdas.aws import alarms, endpoints
from lambdas.aws.endpoints import MISSING, Endpoint, EndpointState
from lambdas.aws.leases import LeaseTable
from lambdas.deploy_canary import plan
from lambdas.deploy_canary.alarms import GreenFleet, rollback_alarms
from lambdas.telemetry import count, logger
from lambdas.times import epoch_seconds


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: every resource is named after the training job, and a running deployment is found."""
    settings = DeployCanarySettings.from_environment()
    policy = DeploymentPolicy.read(Table(json.loads(settings.deployment_policy), "DEPLOYMENT_POLICY"))
    endpoint = Endpoint(settings.endpoint_name)
    name = event["training"]["job_name"]
    before = endpoint.state()
    alarm_names: list[str] = []
    if not before.is_of(name):
        _refuse_if_busy(endpoint, before)
        alarm_names = _prepare(event, settings, policy, name, blue=before.config_name)
        _renew_lease(event, settings)
        tags = plan.tags_of(settings, training_job=name, execution=event["execution_name"])
        _start(endpoint, before, name, plan.deployment_request(policy, alarm_names), tags)
        count(settings.metric_namespace, metrics.DEPLOYMENTS_STARTED)
    logger.info("deployment", endpoint=endpoint.name, config=name, before=before.status)
    return {
        "endpoint_name": endpoint.name,
        "config_name": name,
        "previous_config_name": before.config_name if before.config_name != name else "",
        "alarm_prefix": GreenFleet.alarm_prefix_of(settings.rollback_alarm_prefix, name),
        "check_after_seconds": plan.check_after_seconds(policy),
    }


def _refuse_if_busy(endpoint: Endpoint, state: EndpointState) -> None:
    """An endpoint whose creation failed can only be deleted; the next attempt creates it anew."""
    if state.status in ("Failed", "OutOfService"):
        endpoint.delete()
        raise EndpointBusyError(
            f"{endpoint.name} is {state.status} ({state.failure_reason}); deleting it first"
        )
    if not state.is_settled:
        raise EndpointBusyError(f"{endpoint.name} is {state.status} with config {state.config_name}")


def _prepare(
    event: dict[str, Any], settings: DeployCanarySettings, policy: DeploymentPolicy, name: str, *, blue: str
) -> list[str]:
    """Put model, config and alarms in place; returns the alarms' names."""
    tags = plan.tags_of(settings, training_job=name, execution=event["execution_name"])
    endpoints.create_model(plan.model_request(name, event["registration"], settings, tags))
    endpoints.create_config(plan.config_request(name, policy, settings, tags))
    fleet = GreenFleet(
        endpoint_name=settings.endpoint_name,
        config_name=name,
        alarm_prefix=settings.rollback_alarm_prefix,
        topic_arn=settings.alarm_topic_arn,
        metric_namespace=settings.metric_namespace,
        blue_config_name=blue,
    )
    requests = rollback_alarms(fleet, policy)
    for request in requests:
        alarms.put(request)
    return [request["AlarmName"] for request in requests]


def _renew_lease(event: dict[str, Any], settings: DeployCanarySettings) -> None:
    """The last act before the endpoint changes: a stale fencing token ends here."""
    now = epoch_seconds(event["now"])

    def decide(seen: lease.Lease) -> tuple[lease.Lease, None]:
        token = event["lease"]["token"]
        return lease.renew(seen, holder=event["holder"], token=token, now=now), None

    LeaseTable(settings.lease_table_name, settings.endpoint_name).change(decide)


def _start(
    endpoint: Endpoint,
    before: EndpointState,
    name: str,
    deployment: dict[str, Any],
    tags: list[dict[str, str]],
) -> None:
    """An endpoint outlives its deployments, and so its tags name the pipeline and the stage alone."""
    if before.status == MISSING:
        endpoint.create(name, [tag for tag in tags if tag["Key"] in (PIPELINE_TAG, STAGE_TAG)])
    else:
        endpoint.update(name, deployment)
