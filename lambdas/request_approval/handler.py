"""RequestApproval: a task's token in; or a model package's event, and the execution that waits goes on.

The one function that holds tokens: whoever has one can answer for a person, and IAM can't tell the tokens of
one state machine from another's (Service Authorization Reference, AWS Step Functions: `SendTaskSuccess` knows
no resource).
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.documents.requests import RequestApprovalRequest
from contracts.errors import ServiceBusyError
from contracts.settings import RequestApprovalSettings
from lambdas.aws import tasks
from lambdas.aws.approvals import ApprovalTable, Waiting
from lambdas.aws.registry import ModelRegistry
from lambdas.request_approval.decision import decided
from lambdas.telemetry import logger
from lambdas.times import epoch_seconds

# An answer that comes late finds its token, and is told that nobody waits any more.
KEPT_LONGER_SECONDS = 86_400


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: a token is answered once. Whoever decided before the token came is heard as well."""
    settings = RequestApprovalSettings.from_environment()
    table = ApprovalTable(settings.approval_table_name)
    if "detail-type" in event:
        detail = event["detail"]
        return _settle(settings, table, str(detail["ModelPackageArn"]), _says_decided(detail))
    request = RequestApprovalRequest.read(event)
    arn = request.registration.model_package_arn
    waiting = Waiting(model_package_arn=arn, task_token=request.task_token, execution=request.execution)
    until = epoch_seconds(request.now) + int(settings.approval_timeout_hours) * 3600
    table.put(waiting, expires_at=until + KEPT_LONGER_SECONDS)
    logger.info("a person is asked", package=arn, execution=request.execution)
    return _settle(settings, table, arn)


def _says_decided(detail: dict[str, Any]) -> bool:
    return detail.get("ModelApprovalStatus") in ("Approved", "Rejected")


def _settle(
    settings: RequestApprovalSettings, table: ApprovalTable, arn: str, was_told: bool = False
) -> dict[str, Any]:
    """Answer the execution that waits for this package, if one does and a person has decided.

    Raises ServiceBusyError where the event knows of a decision that the registry does not show yet: Lambda
    then delivers the event again.
    """
    waiting = table.get(arn)
    if waiting is None:
        return {"package": arn, "status": ""}
    package = ModelRegistry(settings.model_package_group_name).package(arn)
    if was_told and package.status == "PendingManualApproval":
        raise ServiceBusyError(f"{arn} was decided on, and the registry does not show it yet")
    approval = decided(package, settings.own_roles.split(","))
    if approval is None:
        return {"package": arn, "status": ""}
    was_heard = tasks.succeed(waiting.task_token, approval.as_document())
    table.forget(waiting)
    logger.info("a person decided", package=arn, status=approval.status, by=approval.by, heard=was_heard)
    return {"package": arn, "status": approval.status}
