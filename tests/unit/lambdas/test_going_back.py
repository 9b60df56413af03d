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
from lambdas.deployments.lease import ACQUIRED, SUPERSEDED, WAITING, Lease, acquire, release, renew
from lambdas.find_previous_champion.handler import handler as find
from lambdas.promote_champion.handler import handler as promote
from lambdas.reject_challenger.handler import handler as reject
from tests.unit import documents
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
    set_environment(
        monkeypatch,
        FindPreviousChampionSettings(
            endpoint_name="housing-dev", model_package_group_name="housing-dev-models"
        ),
    )
    set_environment(
        monkeypatch, PromoteChampionSettings(**COMMON, keep_versions="2", metric_namespace="Greenlight/x")
    )
    set_environment(monkeypatch, RejectChallengerSettings(**COMMON))


@pytest.fixture
def arns(sagemaker: FakeSageMaker) -> list[str]:
    """Packages oldest first: approved, rejected, approved, approved; the last one serves."""
    statuses = ("Approved", "Rejected", "Approved", "Approved")
    sagemaker.in_service(JOBS[3])
    sagemaker.containers = {job: {"ModelDataUrl": f"s3://a/training/{job}.tar.gz"} for job in JOBS}
    return [
        sagemaker.add_package(job, status=status, mlflow_model_version=str(number))
        for number, (job, status) in enumerate(zip(JOBS, statuses, strict=True), start=1)
    ]


def found(rollback: dict[str, Any], context: Context) -> str:
    return str(find({"rollback": rollback}, context)["registration"]["model_package_arn"])


def promotion(target: dict[str, Any], job: str) -> dict[str, Any]:
    return {
        "now": "2026-12-24T02:50:00Z",
        "registration": target["registration"],
        "deployment": {
            **documents.DEPLOYMENT.as_document(),
            "config_name": job,
            "alarm_prefix": f"housing-dev-green-{job}-",
        },
        "rollback": target["rollback"],
    }


def statuses(sagemaker: FakeSageMaker) -> list[str]:
    return [package["ModelApprovalStatus"] for package in sagemaker.packages]


def test_it_goes_back_to_the_package_deployed_before_the_one_that_serves(
    arns: list[str], context: Context
) -> None:
    assert found({"from_package_arn": arns[3]}, context) == arns[2]


def test_the_model_is_described_as_training_and_registration_described_it(
    arns: list[str], context: Context
) -> None:
    assert find({"rollback": {"reason": "odd"}}, context) == {
        "training": {"job_name": JOBS[2], "model_data_uri": f"s3://a/training/{JOBS[2]}.tar.gz"},
        "registration": {
            "model_package_arn": arns[2],
            "model_package_version": 3,
            "mlflow_model_version": "3",
            "serving_image_uri": "image@sha256:0",
            "model_data_uri": f"s3://a/training/{JOBS[2]}.tar.gz",
            "model_hash": "",
        },
        "rollback": {"reason": "odd", "leaves_package_arn": arns[3]},
    }


def test_an_operator_may_name_any_version_even_a_rejected_one(arns: list[str], context: Context) -> None:
    assert found({"to_version": 2}, context) == arns[1]


def test_a_serving_model_rejected_by_hand_is_left_for_the_one_deployed_before_it(
    sagemaker: FakeSageMaker, arns: list[str], context: Context
) -> None:
    sagemaker.package(arns[3])["ModelApprovalStatus"] = "Rejected"
    assert found({}, context) == arns[2]
    assert found({"to_version": 3}, context) == arns[2]


def test_a_package_approved_by_hand_was_never_deployed(
    sagemaker: FakeSageMaker, arns: list[str], context: Context
) -> None:
    sagemaker.add_package("by-hand", deployments_recorded="true", mlflow_model_version="5")
    assert found({}, context) == arns[2]


def test_the_record_of_deployments_decides_and_not_the_number(
    sagemaker: FakeSageMaker, arns: list[str], context: Context
) -> None:
    sagemaker.package(arns[0])["CustomerMetadataProperties"]["promoted_at"] = "2026-12-24T00:00:00.000+00:00"
    assert found({}, context) == arns[0]


def test_a_lost_endpoint_gets_its_champion_back(
    sagemaker: FakeSageMaker, arns: list[str], context: Context
) -> None:
    sagemaker.endpoint = None
    assert found({}, context) == arns[3]
    assert found({"to_version": 4}, context) == arns[3]
    sagemaker.package(arns[3])["ModelApprovalStatus"] = "Rejected"
    assert found({}, context) == arns[2]


@pytest.mark.parametrize(
    ("rollback", "message"),
    [
        ({"to_version": 9}, "no version 9"),
        ({"to_version": 4}, "serves already"),
        ({"from_package_arn": "arn:the-one-that-was-seen"}, "serves by now, not arn:the-one"),
    ],
)
def test_what_cannot_be_gone_back_to_is_an_error(
    arns: list[str], context: Context, rollback: dict[str, Any], message: str
) -> None:
    with pytest.raises(RollbackImpossibleError, match=message):
        find({"rollback": rollback}, context)


def test_without_an_earlier_champion_there_is_nothing_to_go_back_to(
    sagemaker: FakeSageMaker, context: Context
) -> None:
    sagemaker.add_package(JOBS[0])
    sagemaker.in_service(JOBS[0])
    with pytest.raises(RollbackImpossibleError, match="no approved model was deployed before version 1"):
        find({"rollback": {}}, context)


def test_what_a_rollback_leaves_is_approved_no_more_and_says_why(
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    mlflow: FakeMlflow,
    arns: list[str],
    context: Context,
) -> None:
    mlflow.aliases = {"champion": "4"}
    target = find({"rollback": {"reason": "odd"}}, context)
    sagemaker.in_service(JOBS[2])
    sagemaker.configs, sagemaker.models = JOBS[:1:-1], JOBS[:1:-1]
    for _ in range(2):
        promote(promotion(target, JOBS[2]), context)
    assert statuses(sagemaker) == ["Approved", "Rejected", "Approved", "Rejected"]
    assert sagemaker.packages[3]["ApprovalDescription"] == f"{arns[2]} serves in its place: odd"
    assert mlflow.aliases == {"champion": "3"}
    assert sagemaker.configs == sagemaker.models == [JOBS[2]]


def test_a_version_that_a_rollback_passes_by_is_not_blamed(
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    mlflow: FakeMlflow,
    arns: list[str],
    context: Context,
) -> None:
    target = find({"rollback": {"to_version": 1}}, context)
    sagemaker.in_service(JOBS[0])
    promote(promotion(target, JOBS[0]), context)
    assert statuses(sagemaker) == ["Approved", "Rejected", "Approved", "Rejected"]


def test_going_on_to_a_newer_version_blames_nobody(
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    mlflow: FakeMlflow,
    arns: list[str],
    context: Context,
) -> None:
    sagemaker.in_service(JOBS[2])
    target = find({"rollback": {"to_version": 4}}, context)
    sagemaker.in_service(JOBS[3])
    promote(promotion(target, JOBS[3]), context)
    assert statuses(sagemaker) == ["Approved", "Rejected", "Approved", "Approved"]


def test_a_former_champion_that_could_not_be_brought_back_loses_its_alarms_and_nothing_else(
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    mlflow: FakeMlflow,
    arns: list[str],
    context: Context,
) -> None:
    registration = find({"rollback": {}}, context)["registration"]
    sagemaker.updating(JOBS[3], JOBS[2])
    sagemaker.configs, sagemaker.models = JOBS[2:], JOBS[2:]
    cloudwatch.do_put_metric_alarm(AlarmName=f"housing-dev-green-{JOBS[2]}-latency")
    event = {
        "training_job_name": JOBS[2],
        "registration": registration,
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
