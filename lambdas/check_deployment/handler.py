"""CheckDeployment: a running deployment in, how it stands out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.settings import CheckDeploymentSettings
from lambdas import lease
from lambdas.aws import alarms
from lambdas.aws.endpoints import Endpoint
from lambdas.aws.leases import LeaseTable
from lambdas.check_deployment import progress
from lambdas.telemetry import count, logger
from lambdas.times import epoch_seconds

_METRICS = {
    progress.ROLLED_BACK: metrics.DEPLOYMENTS_ROLLED_BACK,
    progress.FAILED: metrics.DEPLOYMENTS_FAILED,
}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Raises LeaseLostError when another execution has taken the lease meanwhile."""
    settings = CheckDeploymentSettings.from_environment()
    deployment = event["deployment"]
    state = Endpoint(settings.endpoint_name).state()
    firings = alarms.firings(alarms.names_with_prefix(deployment["alarm_prefix"])) if state.is_settled else []
    found = progress.judge(state, deployment["config_name"], firings)
    _keep_lease(event, settings, serves=found.status == progress.DONE)
    logger.info("deployment", status=found.status, reason=found.reason)
    if found.status in _METRICS:
        count(settings.metric_namespace, _METRICS[found.status])
    return {
        "status": found.status,
        "reason": found.reason,
        "alarms": [asdict(firing) for firing in firings],
    }


def _keep_lease(event: dict[str, Any], settings: CheckDeploymentSettings, *, serves: bool) -> None:
    now = epoch_seconds(event["now"])

    def decide(seen: lease.Lease) -> tuple[lease.Lease, None]:
        token = event["lease"]["token"]
        return lease.renew(seen, holder=event["holder"], token=token, now=now, serves=serves), None

    LeaseTable(settings.lease_table_name, settings.endpoint_name).change(decide)
