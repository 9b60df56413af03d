"""ReturnHome: a deployment that must not stay in, the same on its way back out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.deployment import MIN_BATCH_PERCENT
from contracts.documents.deployments import GoingHome
from contracts.documents.requests import ReturnHomeRequest
from contracts.settings import ReturnHomeSettings
from lambdas.aws import alarms
from lambdas.aws.endpoints import Endpoint, EndpointState
from lambdas.aws.leases import LeaseTable
from lambdas.deployments import lease
from lambdas.telemetry import logger
from lambdas.times import epoch_seconds

# No alarms and no waiting: the old model served until a moment ago.
_AT_ONCE: dict[str, Any] = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
        "TerminationWaitInSeconds": 0,
    }
}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: an update that is under way is left alone. Raises LeaseLostError.

    While SageMaker still shifts, an update can't be stopped; one of its alarms going off turns it back. What
    SageMaker calls done is undone by a second update, to the config that served before.
    """
    settings = ReturnHomeSettings.from_environment()
    request = ReturnHomeRequest.read(event)
    deployment, seen = request.deployment, request.seen
    _renew_lease(request, settings)
    endpoint = Endpoint(settings.endpoint_name)
    state = endpoint.state()
    attempts = deployment.going_home.attempts if deployment.going_home else 0
    if state.status == "InService" and state.config_name == deployment.config_name:
        endpoint.update(deployment.previous_config_name, _way_back(state), excluded=("DataCaptureConfig",))
        attempts += 1
    elif _is_shifting(state, deployment.config_name):
        alarms.set_off(f"{deployment.alarm_prefix}error-rate", seen.reason)
    logger.warning("going home", to=deployment.previous_config_name, reason=seen.reason)
    going_home = GoingHome(error=seen.error, reason=seen.reason, attempts=attempts)
    return replace(deployment, going_home=going_home).as_document()


def _way_back(state: EndpointState) -> dict[str, Any]:
    """A fleet that was replaced batch by batch may have no room for a second one beside it: it goes home by
    the same batches, or by half of what it has been scaled to since."""
    if not state.rolling or state.instance_count < 2:
        return _AT_ONCE
    half = state.instance_count // 2
    least = -(-state.instance_count * MIN_BATCH_PERCENT // 100)
    batch = max(least, min(state.rolling["MaximumBatchSize"]["Value"], half))
    size = {"Type": "INSTANCE_COUNT", "Value": batch}
    return {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": 0}}


def _is_shifting(state: EndpointState, config_name: str) -> bool:
    return state.status == "Updating" and state.pending_config_name in ("", config_name)


def _renew_lease(request: ReturnHomeRequest, settings: ReturnHomeSettings) -> None:
    """The last act before the endpoint changes: a stale fencing token ends here."""
    now = epoch_seconds(request.now)

    def decide(held: lease.Lease) -> tuple[lease.Lease, None]:
        return lease.renew(held, holder=request.holder, token=request.lease.token, now=now), None

    LeaseTable(settings.lease_table_name, settings.endpoint_name).change(decide)
