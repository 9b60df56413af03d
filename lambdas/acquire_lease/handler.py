"""AcquireLease: holder and upload order in, the lease's status out."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.documents.deployments import LeaseAnswer
from contracts.documents.requests import AcquireLeaseRequest
from contracts.settings import AcquireLeaseSettings
from lambdas.aws import executions
from lambdas.aws.leases import LeaseTable
from lambdas.deployments import lease, standing
from lambdas.telemetry import count, logger
from lambdas.times import epoch_seconds


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`champion_arn` is the champion while the lease is held: the verdict must be about it."""
    settings = AcquireLeaseSettings.from_environment()
    request = AcquireLeaseRequest.read(event)
    table = LeaseTable(settings.lease_table_name, settings.endpoint_name)
    now = epoch_seconds(request.now)

    def decide(seen: lease.Lease) -> tuple[lease.Lease, lease.Answer]:
        over = seen.holder not in ("", request.holder) and executions.is_over(seen.holder)
        answer = lease.acquire(
            seen, holder=request.holder, order=request.upload_order, now=now, holder_is_over=over
        )
        return answer.lease, answer

    answer = table.change(decide)
    champion = standing.look(settings.endpoint_name, settings.model_package_group_name).champion
    logger.info("lease", status=answer.status, reason=answer.reason, token=answer.lease.token)
    if answer.status == lease.SUPERSEDED:
        count(settings.metric_namespace, metrics.CHALLENGERS_SUPERSEDED)
    return LeaseAnswer(
        status=answer.status,
        reason=answer.reason,
        token=answer.lease.token,
        champion_arn=champion.arn if champion else "",
    ).as_document()
