"""RequestApproval: who waits is remembered, and goes on once a person has decided."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import boto3
import pytest

from contracts.errors import ServiceBusyError
from contracts.settings import RequestApprovalSettings
from lambdas.aws import clients
from lambdas.aws.approvals import ApprovalTable, Waiting
from lambdas.request_approval.decision import role_name
from lambdas.request_approval.handler import handler
from tests.unit.lambdas.conftest import ACCOUNT, Context, set_environment
from tests.unit.lambdas.fakes import FakeSageMaker, FakeService, refused

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
PIPELINE = f"arn:aws:sts::{ACCOUNT}:assumed-role/RejectRole/housing-dev-RejectChallenger"
UPLOAD = "s3://raw/incoming/a.csv?versionId=v1"
NOW = "2026-11-22T02:50:00.123Z"


class FakeStates(FakeService):
    """Tokens that somebody waits with."""

    service = "stepfunctions"

    def __init__(self) -> None:
        super().__init__()
        self.waiting = {"token-1", "token-2"}

    def do_send_task_success(self, taskToken: str, output: str) -> Any:
        if taskToken not in self.waiting:
            raise refused("TaskTimedOut", "Task Timed Out", "SendTaskSuccess")
        self.waiting.remove(taskToken)
        return {}

    @property
    def answers(self) -> list[tuple[str, Any]]:
        return [(r["taskToken"], json.loads(r["output"])) for r in self.requests("SendTaskSuccess")]


@pytest.fixture
def states() -> FakeStates:
    clients.MADE["stepfunctions"] = fake = FakeStates()
    return fake


@pytest.fixture
def table(aws: None, monkeypatch: pytest.MonkeyPatch) -> ApprovalTable:
    boto3.client("dynamodb").create_table(
        TableName="housing-dev-approvals",
        KeySchema=[{"AttributeName": "subject", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "subject", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    set_environment(
        monkeypatch,
        RequestApprovalSettings(
            approval_table_name="housing-dev-approvals",
            approval_timeout_hours="72",
            model_package_group_name="housing-dev-models",
            own_roles="PromoteRole,RejectRole,AskRole",
            own_uploaders="RetrainingRole",
            four_eyes="false",
        ),
    )
    return ApprovalTable("housing-dev-approvals")


@pytest.fixture
def package(sagemaker: FakeSageMaker) -> dict[str, Any]:
    return sagemaker.package(sagemaker.add_package("job-1", status="PendingManualApproval"))


def ask(package: dict[str, Any], token: str = "token-1") -> dict[str, Any]:
    registration = {
        "model_package_arn": package["ModelPackageArn"],
        "model_package_version": package["ModelPackageVersion"],
        "mlflow_model_version": "1",
        "serving_image_uri": "image@sha256:0",
        "model_data_uri": "s3://a/m.tar.gz",
    }
    upload = {"bucket": "raw", "key": "incoming/a.csv", "version_id": "v1"}
    return {"task_token": token, "execution": "arn:e", "now": NOW, "registration": registration, **upload}


def change(package: dict[str, Any], status: str, by: str = ALICE, why: str = "") -> None:
    package["ModelApprovalStatus"], package["ApprovalDescription"] = status, why
    package["LastModifiedBy"] = {"IamIdentity": {"Arn": by, "PrincipalId": "AIDA"}} if by else {}


def event(package: dict[str, Any], status: str = "") -> dict[str, Any]:
    return {
        "detail-type": "SageMaker Model Package State Change",
        "source": "aws.sagemaker",
        "detail": {
            "ModelPackageArn": package["ModelPackageArn"],
            "ModelApprovalStatus": status or package["ModelApprovalStatus"],
        },
    }


def test_nobody_is_answered_before_a_person_has_decided(
    table: ApprovalTable, states: FakeStates, package: dict[str, Any], context: Context
) -> None:
    handler(ask(package), context)
    assert states.answers == []
    assert table.get(package["ModelPackageArn"]) == Waiting(
        model_package_arn=package["ModelPackageArn"],
        task_token="token-1",
        execution="arn:e",
        upload=UPLOAD,
        expires_at=int(datetime.fromisoformat(NOW).timestamp()) + 4 * 86_400,
    )


@pytest.mark.parametrize(("status", "said"), [("Approved", "approved"), ("Rejected", "rejected")])
def test_a_persons_word_reaches_the_execution_with_the_persons_name_and_words(
    table: ApprovalTable,
    states: FakeStates,
    package: dict[str, Any],
    context: Context,
    status: str,
    said: str,
) -> None:
    handler(ask(package), context)
    change(package, status, why="looked at the slices")
    assert handler(event(package), context)["status"] == said
    ((token, answer),) = states.answers
    assert token == "token-1"
    assert answer == {
        "status": said,
        "by": ALICE,
        "reason": f"{ALICE} {said} it: looked at the slices",
    }
    assert table.get(package["ModelPackageArn"]) is None


def test_an_event_that_comes_twice_answers_once(
    table: ApprovalTable, states: FakeStates, package: dict[str, Any], context: Context
) -> None:
    handler(ask(package), context)
    change(package, "Approved")
    for _ in range(2):
        handler(event(package), context)
    assert len(states.answers) == 1


def test_whoever_decides_before_the_token_comes_is_heard(
    table: ApprovalTable, states: FakeStates, package: dict[str, Any], context: Context
) -> None:
    change(package, "Rejected", why="no")
    handler(event(package), context)
    handler(ask(package), context)
    assert [answer["status"] for _, answer in states.answers] == ["rejected"]


def test_what_the_pipeline_itself_does_to_a_package_is_no_persons_word(
    table: ApprovalTable, states: FakeStates, package: dict[str, Any], context: Context
) -> None:
    handler(ask(package), context)
    for status in ("Approved", "Rejected"):
        change(package, status, by=PIPELINE)
        handler(event(package), context)
    assert states.answers == []
    assert table.get(package["ModelPackageArn"]) is not None


def test_somebody_whom_sagemaker_does_not_name_is_heard_and_said_to_be_unknown(
    table: ApprovalTable, states: FakeStates, package: dict[str, Any], context: Context
) -> None:
    handler(ask(package), context)
    change(package, "Approved", by="")
    handler(event(package), context)
    ((_, answer),) = states.answers
    assert answer["by"] == ""
    assert "does not name" in answer["reason"]


def test_the_package_counts_and_not_what_an_event_says(
    table: ApprovalTable, states: FakeStates, package: dict[str, Any], context: Context
) -> None:
    handler(ask(package), context)
    with pytest.raises(ServiceBusyError, match="does not show it yet"):
        handler(event(package, "Approved"), context)
    change(package, "Rejected")
    handler(event(package, "Approved"), context)
    assert [answer["status"] for _, answer in states.answers] == ["rejected"]


def test_an_execution_that_waits_no_more_is_forgotten(
    table: ApprovalTable, states: FakeStates, package: dict[str, Any], context: Context
) -> None:
    handler(ask(package), context)
    states.waiting.clear()
    change(package, "Approved")
    handler(event(package), context)
    assert table.get(package["ModelPackageArn"]) is None


def test_a_task_that_is_tried_again_is_answered_by_its_newest_token(
    table: ApprovalTable, states: FakeStates, package: dict[str, Any], context: Context
) -> None:
    handler(ask(package), context)
    handler(ask(package, "token-2"), context)
    change(package, "Approved")
    handler(event(package), context)
    assert [token for token, _ in states.answers] == ["token-2"]


def test_a_token_that_was_put_meanwhile_is_neither_forgotten_nor_approved(table: ApprovalTable) -> None:
    old = Waiting(
        model_package_arn="arn:1", task_token="token-1", execution="arn:e", upload=UPLOAD, expires_at=1
    )
    new = replace(old, task_token="token-2")
    table.put(old)
    table.put(new)
    table.forget(old)
    table.count(old, ALICE)
    assert table.get("arn:1") == new


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (PIPELINE, "RejectRole"),
        (f"arn:aws:iam::{ACCOUNT}:role/path/to/RejectRole", "RejectRole"),
        (ALICE, ""),
        (f"arn:aws:iam::{ACCOUNT}:user/RejectRole", ""),
        ("", ""),
    ],
)
def test_a_role_is_known_by_a_sessions_arn_and_by_its_own(arn: str, name: str) -> None:
    assert role_name(arn) == name
