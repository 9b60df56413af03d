"""DeployModel: a registered challenger in, a running deployment out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.deployment import DeploymentPolicy
from contracts.documents.deployments import Deployment, Watch
from contracts.documents.requests import DeployModelRequest
from contracts.errors import EndpointBusyError
from contracts.names import PIPELINE_TAG, STAGE_TAG
from contracts.reading import Table
from contracts.settings import DeployModelSettings
from lambdas.aws import alarms, endpoints
from lambdas.aws.endpoints import MISSING, Endpoint, EndpointState
from lambdas.aws.leases import LeaseTable
from lambdas.aws.scaling import ScalableFleet
from lambdas.deploy_model import plan
from lambdas.deployments import guards, lease
from lambdas.deployments.alarms import GreenFleet, rollback_alarms
from lambdas.telemetry import count, logger
from lambdas.times import epoch_seconds


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: every resource is named after the training job, and a running deployment is found."""
    settings = DeployModelSettings.from_environment()
    policy = DeploymentPolicy.read(Table(json.loads(settings.deployment_policy), "DEPLOYMENT_POLICY"))
    endpoint = Endpoint(settings.endpoint_name)
    request = DeployModelRequest.read(event)
    name = request.training.job_name
    before = endpoint.state()
    home = before.config_name if before.config_name != name else ""
    guarding = rollback_alarms(_fleet(settings, name, blue=home), policy)
    if not before.is_of(name):
        _refuse_if_busy(endpoint, before)
        instances, excluded = _size(before, policy)
        deployment = plan.deployment_request(policy, [alarm["AlarmName"] for alarm in guarding], instances)
        tags = plan.tags_of(settings, training_job=name, execution=request.execution_name)
        endpoints.create_model(plan.model_request(name, request.registration, settings, tags))
        endpoints.create_config(plan.config_request(name, policy, settings, tags))
        for alarm in guarding:
            alarms.put(alarm)
        _renew_lease(request, settings)
        _leave_scaling(settings, before, policy)
        _start(endpoint, before, name, deployment, excluded, tags)
        count(settings.metric_namespace, metrics.DEPLOYMENTS_STARTED)
    logger.info("deployment", endpoint=endpoint.name, config=name, before=before.status)
    started = Deployment(
        endpoint_name=endpoint.name,
        config_name=name,
        previous_config_name=home,
        alarm_prefix=GreenFleet.alarm_prefix_of(settings.rollback_alarm_prefix, name),
        check_after_seconds=plan.check_after_seconds(policy),
        started_at=request.now,
    )
    return _watched(started, request, policy, guarding).as_document()


def _watched(
    started: Deployment,
    request: DeployModelRequest,
    policy: DeploymentPolicy,
    guarding: Sequence[Mapping[str, Any]],
) -> Deployment:
    """The deployment with how CheckDeployment is to watch it.

    Nothing for an execution that began before there was ReturnHome: its definition would wait for ever where
    traffic must go home.
    """
    if request.is_rollback is None:
        return started
    return replace(
        started,
        guards={alarm["AlarmName"]: guards.fingerprint(alarm) for alarm in guarding},
        exempt=plan.exemption(started.previous_config_name, is_rollback=request.is_rollback),
        watch=Watch(
            min_green_requests=policy.min_green_requests,
            evidence_wait_seconds=policy.evidence_wait_seconds,
            when_unproven=policy.when_unproven,
        ),
    )


def _size(before: EndpointState, policy: DeploymentPolicy) -> tuple[int, tuple[str, ...]]:
    if before.status == MISSING:
        return policy.instance_count, ()
    configured = endpoints.configured_count(before.config_name)
    return plan.fleet(policy, running=before.instance_count, configured=configured)


def _fleet(settings: DeployModelSettings, name: str, *, blue: str) -> GreenFleet:
    return GreenFleet(
        endpoint_name=settings.endpoint_name,
        config_name=name,
        alarm_prefix=settings.rollback_alarm_prefix,
        topic_arn=settings.alarm_topic_arn,
        metric_namespace=settings.metric_namespace,
        blue_config_name=blue,
    )


def _refuse_if_busy(endpoint: Endpoint, state: EndpointState) -> None:
    """An endpoint whose creation failed can only be deleted; the next attempt creates it anew."""
    if state.status in ("Failed", "OutOfService"):
        endpoint.delete()
        raise EndpointBusyError(
            f"{endpoint.name} is {state.status} ({state.failure_reason}); deleting it first"
        )
    if not state.is_settled:
        raise EndpointBusyError(f"{endpoint.name} is {state.status} with config {state.config_name}")


def _renew_lease(request: DeployModelRequest, settings: DeployModelSettings) -> None:
    """The last act before the endpoint changes: a stale fencing token ends here."""
    now = epoch_seconds(request.now)

    def decide(seen: lease.Lease) -> tuple[lease.Lease, None]:
        return lease.renew(seen, holder=request.holder, token=request.lease.token, now=now), None

    LeaseTable(settings.lease_table_name, settings.endpoint_name).change(decide)


def _leave_scaling(settings: DeployModelSettings, before: EndpointState, policy: DeploymentPolicy) -> None:
    """SageMaker gives no scalable target another instance type (Developer Guide, "Update or delete endpoints
    that use automatic scaling"); ScaleFleet registers what serves in the end."""
    if not settings.scaling_policy or before.status == MISSING:
        return
    if endpoints.configured_types(before.config_name) - {policy.instance_type}:
        ScalableFleet(settings.endpoint_name).deregister()


def _start(
    endpoint: Endpoint,
    before: EndpointState,
    name: str,
    deployment: dict[str, Any],
    excluded: tuple[str, ...],
    tags: list[dict[str, str]],
) -> None:
    """An endpoint outlives its deployments, and so its tags name the pipeline and the stage alone."""
    if before.status == MISSING:
        endpoint.create(name, [tag for tag in tags if tag["Key"] in (PIPELINE_TAG, STAGE_TAG)])
    else:
        endpoint.update(name, deployment, excluded=excluded)
