"""CheckDeployment: a running deployment in, how it stands out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.documents.deployments import Deployment, DeploymentStatus
from contracts.documents.requests import CheckDeploymentRequest
from contracts.names import VARIANT_NAME
from contracts.settings import CheckDeploymentSettings
from lambdas.aws import alarms, measures
from lambdas.aws.endpoints import Endpoint, EndpointState
from lambdas.aws.leases import LeaseTable
from lambdas.check_deployment import progress
from lambdas.check_deployment.progress import Sight
from lambdas.deployments import evidence, guards, lease
from lambdas.deployments.evidence import Evidence
from lambdas.telemetry import count, logger
from lambdas.times import epoch_seconds

_METRICS = {
    progress.RETURNED: metrics.DEPLOYMENTS_ROLLED_BACK,
    progress.ROLLED_BACK: metrics.DEPLOYMENTS_ROLLED_BACK,
    progress.FAILED: metrics.DEPLOYMENTS_FAILED,
}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Raises LeaseLostError when another execution has taken the lease meanwhile. A record that was deleted
    is put back as long as the endpoint is this deployment's: it would serve a model that nobody decides on.

    `watched_seconds` is how long the config asked for has been seen in service: the waits between the checks
    are added up, since whoever waits and whoever measures need not have the same clock.
    """
    settings = CheckDeploymentSettings.from_environment()
    request = CheckDeploymentRequest.read(event)
    deployment = request.deployment
    state = Endpoint(settings.endpoint_name).state()
    is_there = state.status == "InService" and state.config_name == deployment.config_name
    before = request.seen.watched_seconds if request.seen else None
    watched = None if before is None and not is_there else (before or 0)
    seen = _look(state, deployment, watched_seconds=watched)
    found = progress.judge(state, deployment, seen)
    is_ours = state.is_of(deployment.config_name) or deployment.going_home is not None
    _keep_lease(request, settings, serves=found.status == progress.DONE, is_ours=is_ours)
    logger.info("deployment", status=found.status, reason=found.reason, proof=found.proof)
    if found.status in _METRICS:
        count(settings.metric_namespace, _METRICS[found.status])
    alarms_seen = tuple(asdict(firing) for firing in seen.firings)
    status = DeploymentStatus(**asdict(found), alarms=alarms_seen, watched_seconds=_next(watched, deployment))
    return status.as_document()


def _next(watched_seconds: int | None, deployment: Deployment) -> int | None:
    """What the next check will have seen."""
    return None if watched_seconds is None else watched_seconds + deployment.check_after_seconds


def _look(state: EndpointState, deployment: Deployment, *, watched_seconds: int | None) -> Sight:
    """The evidence is asked for once the green fleet has all of the traffic."""
    names = alarms.names_with_prefix(deployment.alarm_prefix) if state.is_settled else []
    put = deployment.guards or {}
    watch = deployment.watch if watched_seconds is not None and not deployment.exempt else None
    return Sight(
        firings=alarms.firings(names),
        broken=guards.broken(put, alarms.described(list(put))),
        lacking=_lacking(deployment, watch.min_green_requests) if watch else "",
        watched_seconds=watched_seconds or 0,
    )


def _lacking(deployment: Deployment, min_green_requests: int) -> str:
    green = {
        "EndpointName": deployment.endpoint_name,
        "VariantName": VARIANT_NAME,
        metrics.CONFIG_DIMENSION: deployment.config_name,
    }
    since, space = epoch_seconds(deployment.started_at), metrics.ENDPOINT_NAMESPACE
    requests = measures.measure(space, metrics.INVOCATIONS, green, "Sum", since=since)
    latency = measures.measure(space, metrics.MODEL_LATENCY, green, "SampleCount", since=since)
    seen = Evidence(
        requests=int(requests.total),
        datapoints={metrics.INVOCATIONS: requests.datapoints, metrics.MODEL_LATENCY: latency.datapoints},
    )
    return evidence.lacking(seen, min_green_requests=min_green_requests)


def _keep_lease(
    request: CheckDeploymentRequest, settings: CheckDeploymentSettings, *, serves: bool, is_ours: bool
) -> None:
    now, holder, token = epoch_seconds(request.now), request.holder, request.lease.token

    def decide(seen: lease.Lease) -> tuple[lease.Lease, None]:
        held = lease.restored(seen, holder=holder, token=token, now=now) if is_ours else seen
        return lease.renew(held, holder=holder, token=token, now=now, serves=serves), None

    LeaseTable(settings.lease_table_name, settings.endpoint_name).change(decide)
