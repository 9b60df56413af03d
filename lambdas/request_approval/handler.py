"""RequestApproval: a task's token in; or a model package's event, and the execution that waits goes on; or
the trail's record of an upload, which is remembered.

The one function that holds tokens: whoever has one can answer for a person, and IAM can't tell the tokens of
one state machine from another's (Service Authorization Reference, AWS Step Functions: `SendTaskSuccess` knows
no resource).
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.documents.requests import RequestApprovalRequest
from contracts.settings import RequestApprovalSettings
from lambdas.aws.approvals import ApprovalTable, Waiting
from lambdas.request_approval import uploads
from lambdas.request_approval.settling import settle
from lambdas.telemetry import logger
from lambdas.times import epoch_seconds

# An answer that comes late finds its token, and is told that nobody waits any more.
KEPT_LONGER_SECONDS = 86_400
# Longer than an execution lasts from its upload to the end of the longest wait.
UPLOADER_KEPT_SECONDS = 180 * 86_400


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: a token is answered once. Whoever decided before the token came is heard as well."""
    settings = RequestApprovalSettings.from_environment()
    table = ApprovalTable(settings.approval_table_name)
    if event.get("detail-type") == uploads.DETAIL_TYPE:
        return _remember(table, event)
    if "detail-type" in event:
        detail = event["detail"]
        is_decision = detail.get("ModelApprovalStatus") in ("Approved", "Rejected")
        return settle(settings, table, str(detail["ModelPackageArn"]), is_decision=is_decision)
    request = RequestApprovalRequest.read(event)
    arn = request.registration.model_package_arn
    until = epoch_seconds(request.now) + int(settings.approval_timeout_hours) * 3600
    waiting = Waiting(
        model_package_arn=arn,
        task_token=request.task_token,
        execution=request.execution,
        upload=uploads.subject_of(request.bucket, request.key, request.version_id),
        expires_at=until + KEPT_LONGER_SECONDS,
    )
    table.put(waiting)
    logger.info("a person is asked", package=arn, execution=request.execution)
    return settle(settings, table, arn)


def _remember(table: ApprovalTable, event: dict[str, Any]) -> dict[str, Any]:
    found = uploads.read(event["detail"])
    if found is None:
        logger.warning("a record of the trail names no version, or nobody", record=event.get("id"))
        return {"upload": ""}
    table.put_uploader(found.subject, found.by, epoch_seconds(event["time"]) + UPLOADER_KEPT_SECONDS)
    return {"upload": found.subject}
