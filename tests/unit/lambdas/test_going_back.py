"""A rollback by hand: which model it goes back to, and what becomes of the one that it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import EndpointBusyError, RollbackImpossibleError
from contracts.settings import (
    FindPreviousChampionSettings,
    PromoteChampionSettings,
    RejectChallengerSettings,
)
from lambdas.find_previous_champion.handler import handler as find
from lambdas.lease import ACQUIRED, SUPERSEDED, WAITING, Lease, acquire, release, renew
from lambdas.promote_champion.handler import handler as promote
from lambdas.reject_challenger.handler import handler as reject
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeCloudWatch, FakeMlflow, FakeSageMaker

COMMON = {
    "endpoint_name": "housing-dev",
    "model_package_group_name": "housing-dev-models",
    "mlflow_tracking_uri": "arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/app-1",
    "registered_model_name": "housing-dev",
    "rollback_alarm_prefix": "housing-dev-green-",
}
JOBS = [f"housing-dev-{number:016x}" for number in range(4)]


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, FindPreviousChampionSettings(model_package_group_name="housing-dev-models"))
    set_environment(
        monkeypatch, PromoteChampionSettings(**COMMON, keep_versions="2", metric_namespace="Greenlight/x")
    )
    set_environment(monkeypatch, RejectChallengerSettings(**COMMON))


@pytest.fixture
def arns(sagemaker: FakeSageMaker) -> list[str]:
    """Packages oldest first: approved, rejected, approved, approved (the champion)."""
    statuses = ("Approved", "Rejected", "Approved", "Approved")
    return [
        sagemaker.add_package(job, status=status, mlflow_model_version=str(number))
        for number, (job, status) in enumerate(zip(JOBS, statuses, strict=True), start=1)
    ]


def found(event: dict[str, Any], context: Context) -> str:
    return str(find(event, context)["registration"]["model_package_arn"])


def test_it_goes_back_to_the_package_approved_before_the_champion(arns: list[str], context: Context) -> None:
    assert found({"champion_arn": arns[3], "rollback": {"from_package_arn": arns[3]}}, context) == arns[2]


def test_the_model_is_described_as_training_and_registration_described_it(
    arns: list[str], context: Context
) -> None:
    assert find({"champion_arn": arns[3], "rollback": {}}, context) == {
        "training": {"job_name": JOBS[2], "model_data_uri": f"s3://a/training/{JOBS[2]}.tar.gz"},
        "registration": {
            "model_package_arn": arns[2],
            "model_package_version": 3,
            "mlflow_model_version": "3",
            "serving_image_uri": "image@sha256:0",
            "model_data_uri": f"s3://a/training/{JOBS[2]}.tar.gz",
        },
    }


def test_an_operator_may_name_any_version_even_a_rejected_one(arns: list[str], context: Context) -> None:
    assert found({"champion_arn": arns[3], "rollback": {"to_version": 2}}, context) == arns[1]


@pytest.mark.parametrize(
    ("champion", "rollback", "message"),
    [
        (3, {"to_version": 9}, "no version 9"),
        (3, {"to_version": 4}, "is the champion already"),
        (2, {"from_package_arn": "arn:the-one-that-was-seen"}, "champion by now, not arn:the-one"),
    ],
)
def test_what_cannot_be_gone_back_to_is_an_error(
    arns: list[str], context: Context, champion: int, rollback: dict[str, Any], message: str
) -> None:
    with pytest.raises(RollbackImpossibleError, match=message):
        find({"champion_arn": arns[champion], "rollback": rollback}, context)


def test_without_an_earlier_champion_there_is_nothing_to_go_back_to(
    sagemaker: FakeSageMaker, context: Context
) -> None:
    only = sagemaker.add_package(JOBS[0])
    with pytest.raises(RollbackImpossibleError, match="no package was approved before"):
        find({"champion_arn": only, "rollback": {}}, context)


def test_what_a_rollback_leaves_is_approved_no_more_and_says_why(
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    mlflow: FakeMlflow,
    arns: list[str],
    context: Context,
) -> None:
    sagemaker.in_service(JOBS[2])
    sagemaker.configs, sagemaker.models = JOBS[:1:-1], JOBS[:1:-1]
    mlflow.aliases = {"champion": "4"}
    target = find({"champion_arn": arns[3], "rollback": {}}, context)
    deployment = {"config_name": JOBS[2], "alarm_prefix": f"housing-dev-green-{JOBS[2]}-"}
    event = {"registration": target["registration"], "deployment": deployment, "rollback": {"reason": "odd"}}
    for _ in range(2):
        promote(event, context)
    statuses = [package["ModelApprovalStatus"] for package in sagemaker.packages]
    assert statuses == ["Approved", "Rejected", "Approved", "Rejected"]
    assert sagemaker.packages[3]["ApprovalDescription"] == f"{arns[2]} serves in its place: odd"
    assert mlflow.aliases == {"champion": "3"}
    assert sagemaker.configs == sagemaker.models == [JOBS[2]]


def test_a_former_champion_that_could_not_be_brought_back_loses_its_alarms_and_nothing_else(
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    mlflow: FakeMlflow,
    arns: list[str],
    context: Context,
) -> None:
    sagemaker.updating(JOBS[3], JOBS[2])
    sagemaker.configs, sagemaker.models = JOBS[2:], JOBS[2:]
    cloudwatch.do_put_metric_alarm(AlarmName=f"housing-dev-green-{JOBS[2]}-latency")
    event = {
        "training_job_name": JOBS[2],
        "registration": find({"champion_arn": arns[3], "rollback": {}}, context)["registration"],
        "deployment": {"config_name": JOBS[2]},
        "rollback": {},
        "reason": "LeaseLostError: gone",
    }
    with pytest.raises(EndpointBusyError):
        reject(event, context)
    sagemaker.in_service(JOBS[3])
    assert reject(event, context)["kept"] is True
    assert sagemaker.packages[2]["ModelApprovalStatus"] == "Approved"
    assert (sagemaker.configs, sagemaker.models, cloudwatch.alarms) == (JOBS[2:], JOBS[2:], {})


def test_a_rollback_waits_for_the_lease_but_gives_way_to_no_upload() -> None:
    lease = acquire(Lease(promoted_order="5"), holder="upload", order="6", now=0).lease
    waiting = acquire(lease, holder="rollback", order="", now=1)
    assert waiting.status == WAITING
    assert waiting.lease == lease, "uploads that wait keep their place"
    freed = release(lease, holder="upload", order="6", promoted=True)
    held = acquire(freed, holder="rollback", order="", now=2)
    assert held.status == ACQUIRED
    assert acquire(held.lease, holder="newer", order="7", now=3).status == WAITING


def test_a_rollback_makes_no_later_upload_pointless() -> None:
    held = acquire(Lease(promoted_order="5"), holder="rollback", order="", now=0).lease
    serving = renew(held, holder="rollback", token=held.token, now=1, serves=True)
    over = release(serving, holder="rollback", order="", promoted=True)
    assert over.promoted_order == "5"
    assert acquire(over, holder="upload", order="6", now=2).status == ACQUIRED
    assert acquire(over, holder="old", order="4", now=2).status == SUPERSEDED
