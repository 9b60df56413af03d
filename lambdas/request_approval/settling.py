"""Answers the execution that waits for a package, once the people who must have decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from contracts.documents.deployments import Approval
from contracts.errors import ServiceBusyError
from contracts.settings import RequestApprovalSettings
from lambdas.aws import tasks
from lambdas.aws.approvals import ApprovalTable, Waiting
from lambdas.aws.registry import ModelRegistry, Package
from lambdas.request_approval import four_eyes
from lambdas.request_approval.decision import APPROVED, decided, role_name
from lambdas.telemetry import logger


def settle(
    settings: RequestApprovalSettings, table: ApprovalTable, arn: str, *, is_decision: bool = False
) -> dict[str, Any]:
    """Raises ServiceBusyError where an event knows of a decision that the registry does not show yet: Lambda
    then delivers the event again."""
    waiting = table.get(arn)
    if waiting is None:
        return _said(arn, "")
    registry, own_roles = ModelRegistry(settings.model_package_group_name), _names(settings.own_roles)
    package = registry.package(arn)
    is_put_back = role_name(package.modified_by) in own_roles
    if is_decision and package.status == "PendingManualApproval" and not is_put_back:
        raise ServiceBusyError(f"{arn} was decided on, and the registry does not show it yet")
    approval = decided(package, own_roles)
    if approval is None:
        return _said(arn, "")
    if approval.status == APPROVED and settings.four_eyes == "true":
        answer = _judge(settings, table, waiting, package)
        if not answer.is_enough:
            table.count(waiting, answer.counted or waiting.approved_by)
            registry.ask_again(arn, answer.way_on)
            logger.info("one approval is not enough", package=arn, by=approval.by, why=answer.way_on)
            return _said(arn, "")
        if waiting.approved_by:
            approval = replace(approval, by=f"{waiting.approved_by}, {approval.by}")
    return _answer(table, waiting, approval)


def _judge(
    settings: RequestApprovalSettings, table: ApprovalTable, waiting: Waiting, package: Package
) -> four_eyes.Answer:
    return four_eyes.judge(
        approver=package.modified_by,
        uploader=table.uploader_of(waiting.upload),
        before=waiting.approved_by,
        own_uploaders=_names(settings.own_uploaders),
    )


def _names(joined: str) -> list[str]:
    """A user has no role: an empty name among those of roles would be everybody's."""
    return [name for name in joined.split(",") if name]


def _answer(table: ApprovalTable, waiting: Waiting, approval: Approval) -> dict[str, Any]:
    was_heard = tasks.succeed(waiting.task_token, approval.as_document())
    table.forget(waiting)
    arn = waiting.model_package_arn
    logger.info("a person decided", package=arn, status=approval.status, by=approval.by, heard=was_heard)
    return _said(arn, approval.status)


def _said(arn: str, status: str) -> dict[str, Any]:
    return {"package": arn, "status": status}
