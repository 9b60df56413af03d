"""Two people stand behind a model: whoever uploaded its data, and another who approved it."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.aws.approvals import ApprovalTable
from lambdas.request_approval import uploads
from lambdas.request_approval.four_eyes import judge, principal
from lambdas.request_approval.handler import handler
from tests.unit.lambdas.conftest import ACCOUNT, Context
from tests.unit.lambdas.fakes import FakeSageMaker
from tests.unit.lambdas.test_request_approval import (
    ALICE,
    UPLOAD,
    FakeStates,
    ask,
    change,
    event,
    package,
    states,
    table,
)

__all__ = ["package", "states", "table"]
BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"
RETRAINING = f"arn:aws:sts::{ACCOUNT}:assumed-role/RetrainingRole/housing-dev-StartRetraining"
ASKING = f"arn:aws:sts::{ACCOUNT}:assumed-role/AskRole/housing-dev-RequestApproval"
SSO = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_"
STEPS = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployers/"


def record(by: str = BOB, **changed: Any) -> dict[str, Any]:
    """As EventBridge delivers a data event of CloudTrail's."""
    detail = {
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutObject",
        "userIdentity": {"type": "IAMUser", "arn": by},
        "requestParameters": {"bucketName": "raw", "key": "incoming/a.csv"},
        "responseElements": {"x-amz-version-id": "v1"},
        **changed,
    }
    return {"detail-type": uploads.DETAIL_TYPE, "time": "2026-11-22T02:40:00Z", "id": "1", "detail": detail}


@pytest.fixture(autouse=True)
def _four_eyes(table: ApprovalTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOUR_EYES", "true")


def approve(package: dict[str, Any], by: str, context: Context, sagemaker: FakeSageMaker) -> dict[str, Any]:
    """A person's approval, and the event of it; where it is put back, as SageMaker would record that."""
    change(package, "Approved", by=by)
    handler(event(package), context)
    if package["ModelApprovalStatus"] == "PendingManualApproval":
        package["LastModifiedBy"] = {"IamIdentity": {"Arn": ASKING, "PrincipalId": "AROA"}}
    return package


def test_another_than_the_uploader_may_approve(
    states: FakeStates, package: dict[str, Any], sagemaker: FakeSageMaker, context: Context
) -> None:
    handler(record(BOB), context)
    handler(ask(package), context)
    approve(package, ALICE, context, sagemaker)
    ((_, answer),) = states.answers
    assert (answer["status"], answer["by"]) == ("approved", ALICE)


def test_without_roles_that_upload_a_user_is_still_somebody(
    states: FakeStates,
    package: dict[str, Any],
    sagemaker: FakeSageMaker,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OWN_UPLOADERS", "")
    handler(record(ALICE), context)
    handler(ask(package), context)
    approve(package, ALICE, context, sagemaker)
    assert "another person must approve" in package["ApprovalDescription"]
    approve(package, BOB, context, sagemaker)
    assert [answer["by"] for _, answer in states.answers] == [BOB]


def test_the_uploaders_own_approval_is_put_back_with_the_way_on(
    states: FakeStates, package: dict[str, Any], sagemaker: FakeSageMaker, context: Context
) -> None:
    handler(record(ALICE), context)
    handler(ask(package), context)
    approve(package, ALICE, context, sagemaker)
    assert states.answers == []
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert "another person must approve" in package["ApprovalDescription"]
    # An event of the same change that comes again is neither an error nor an answer.
    handler(event(package, "Approved"), context)
    assert states.answers == []
    approve(package, BOB, context, sagemaker)
    assert [answer["by"] for _, answer in states.answers] == [BOB]


@pytest.mark.parametrize(("uploader", "approver"), [("", ALICE), (BOB, "")])
def test_whom_nobody_knows_does_not_count(
    states: FakeStates,
    package: dict[str, Any],
    sagemaker: FakeSageMaker,
    context: Context,
    uploader: str,
    approver: str,
) -> None:
    if uploader:
        handler(record(uploader), context)
    handler(ask(package), context)
    approve(package, approver, context, sagemaker)
    assert states.answers == []
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert "approve" in package["ApprovalDescription"]


def test_a_retraining_that_nobody_uploaded_needs_two_approvers(
    table: ApprovalTable,
    states: FakeStates,
    package: dict[str, Any],
    sagemaker: FakeSageMaker,
    context: Context,
) -> None:
    handler(record(RETRAINING), context)
    handler(ask(package), context)
    for _ in range(2):
        approve(package, ALICE, context, sagemaker)
        assert states.answers == []
        waiting = table.get(package["ModelPackageArn"])
        assert waiting is not None
        assert waiting.approved_by == ALICE
    approve(package, BOB, context, sagemaker)
    assert [answer["by"] for _, answer in states.answers] == [f"{ALICE}, {BOB}"]


def test_one_person_may_say_no(
    states: FakeStates, package: dict[str, Any], sagemaker: FakeSageMaker, context: Context
) -> None:
    handler(record(ALICE), context)
    handler(ask(package), context)
    change(package, "Rejected", by=ALICE)
    handler(event(package), context)
    assert [answer["status"] for _, answer in states.answers] == ["rejected"]


def test_a_record_without_version_or_identity_says_nothing(table: ApprovalTable, context: Context) -> None:
    for changed in ({"responseElements": None}, {"userIdentity": {"type": "AWSService"}}):
        assert handler(record(**changed), context) == {"upload": ""}
    assert table.uploader_of(UPLOAD) == ""
    handler(record(BOB), context)
    assert table.uploader_of(UPLOAD) == BOB


@pytest.mark.parametrize(
    ("first", "second", "are_one"),
    [
        (ALICE, BOB, False),
        (ALICE, ALICE, True),
        (ALICE, "arn:aws:iam::222233334444:user/alice", False),
        (f"{STEPS}alice", f"{STEPS}bob", True),  # whoever assumes a role names the session
        (f"{SSO}Admin_1/alice@x.org", f"{SSO}Admin_1/bob@x.org", False),
        (f"{SSO}Admin_1/alice@x.org", f"{SSO}Read_2/alice@x.org", True),
        (f"arn:aws:iam::{ACCOUNT}:root", ALICE, False),
    ],
)
def test_a_person_is_told_by_what_nobody_chooses_alone(first: str, second: str, are_one: bool) -> None:
    assert (principal(first) == principal(second)) is are_one
    answer = judge(approver=first, uploader=second, before="", own_uploaders=())
    assert answer.is_enough is not are_one


@pytest.mark.parametrize("arn", ["", "alice", "arn:aws:s3:::bucket", "arn:aws:iam::1:"])
def test_what_names_nobody_is_nobody(arn: str) -> None:
    assert principal(arn) == ""
