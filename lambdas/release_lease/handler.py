"""ReleaseLease: holder in, whether it held anything out."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.documents.deployments import Release
from contracts.documents.requests import ReleaseLeaseRequest
from contracts.settings import ReleaseLeaseSettings
from lambdas.aws.leases import LeaseTable
from lambdas.deployments import lease
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`promoted` records the upload as the newest that took over: older ones are superseded from now on."""
    settings = ReleaseLeaseSettings.from_environment()
    request = ReleaseLeaseRequest.read(event)

    def decide(seen: lease.Lease) -> tuple[lease.Lease, bool]:
        freed = lease.release(
            seen, holder=request.holder, order=request.upload_order, promoted=request.promoted
        )
        return freed, seen.holder == request.holder

    held = LeaseTable(settings.lease_table_name, settings.endpoint_name).change(decide)
    logger.info("lease released", held=held)
    return Release(held=held).as_document()
