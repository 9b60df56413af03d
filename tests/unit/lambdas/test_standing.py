"""What the endpoint serves, held against the record of deployments."""

from __future__ import annotations

import botocore.session
import pytest

from lambdas.aws.endpoints import MISSING, EndpointState
from lambdas.deployments.standing import Standing, look
from tests.unit.lambdas.fakes import GROUP, FakeSageMaker


def standing() -> Standing:
    return look("housing-dev", "housing-dev-models")


@pytest.fixture
def arns(sagemaker: FakeSageMaker) -> list[str]:
    """Three packages with a record, the second deployed last; the third is approved by hand alone."""
    for number, promoted_at in enumerate(("2026-11-01", "2026-11-03", ""), start=1):
        record = {"promoted_at": promoted_at} if promoted_at else {}
        sagemaker.add_package(f"job-{number}", deployments_recorded="true", **record)
    return [f"{GROUP}/{number}" for number in (1, 2, 3)]


# SageMaker's statuses, by whether an update is under way and whether requests are answered (SageMaker API
# Reference, `DescribeEndpoint`: EndpointStatus).
STATUSES = {
    "OutOfService": (True, False),
    "Creating": (False, False),
    "Updating": (False, True),
    "SystemUpdating": (False, True),
    "RollingBack": (False, True),
    "InService": (True, True),
    "Deleting": (False, False),
    "Failed": (True, False),
    "UpdateRollbackFailed": (True, True),
    MISSING: (True, False),
}


@pytest.mark.parametrize("status", STATUSES)
def test_an_endpoint_is_settled_or_moves_and_serves_or_does_not(status: str) -> None:
    state = EndpointState(status=status, config_name="job-1", pending_config_name="", failure_reason="")
    assert (state.is_settled, state.serves) == STATUSES[status]


def test_every_status_that_sagemaker_knows_is_decided_on() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert set(model.shape_for("EndpointStatus").enum) == set(STATUSES) - {MISSING}  # type: ignore[attr-defined]  # a string's


def arn_of(package: object) -> str:
    return getattr(package, "arn", "")


@pytest.mark.parametrize("status", ["InService", "Updating", "RollingBack", "UpdateRollbackFailed"])
def test_the_champion_is_what_the_endpoint_serves(
    sagemaker: FakeSageMaker, arns: list[str], status: str
) -> None:
    sagemaker.endpoint = {"EndpointStatus": status, "EndpointConfigName": "job-1"}
    assert arn_of(standing().champion) == arns[0]
    assert arn_of(standing().previous) == arns[1]


@pytest.mark.parametrize("status", ["Creating", "Failed", "Deleting"])
def test_an_endpoint_that_answers_nobody_serves_nothing(
    sagemaker: FakeSageMaker, arns: list[str], status: str
) -> None:
    sagemaker.endpoint = {"EndpointStatus": status, "EndpointConfigName": "job-3"}
    assert (standing().serving, arn_of(standing().champion)) == (None, arns[1])


def test_agreement_needs_no_words(sagemaker: FakeSageMaker, arns: list[str]) -> None:
    assert arns
    sagemaker.in_service("job-2")
    assert standing().disagreement == ""


def test_before_the_first_model_a_missing_endpoint_is_no_loss(sagemaker: FakeSageMaker) -> None:
    assert (standing().champion, standing().disagreement) == (None, "")
    assert not standing().is_endpoint_lost


def test_a_deleted_endpoint_is_a_loss_and_the_champion_is_known(
    sagemaker: FakeSageMaker, arns: list[str]
) -> None:
    assert standing().is_endpoint_lost
    assert arn_of(standing().champion) == arns[1]
    assert standing().disagreement == "the endpoint is missing, and version 2 should serve"


def test_a_serving_model_rejected_by_hand_is_told_and_is_champion_no_more(
    sagemaker: FakeSageMaker, arns: list[str]
) -> None:
    sagemaker.in_service("job-2")
    sagemaker.package(arns[1])["ModelApprovalStatus"] = "Rejected"
    assert standing().disagreement == "the endpoint serves version 2, which was rejected"
    assert arn_of(standing().serving) == arns[1]
    assert arn_of(standing().champion) == arns[0]


def test_an_endpoint_moved_by_hand_is_told(sagemaker: FakeSageMaker, arns: list[str]) -> None:
    assert arns
    sagemaker.in_service("somebody-elses")
    assert "somebody-elses, of which no model package knows" in standing().disagreement
    sagemaker.in_service("job-1")
    assert standing().disagreement == "the endpoint serves version 1, and the last deployed is 2"


def test_packages_approved_before_there_was_a_record_count_as_deployed_then(
    sagemaker: FakeSageMaker,
) -> None:
    old = [sagemaker.add_package("job-1"), sagemaker.add_package("job-2")]
    assert [package.arn for package in standing().promoted] == old[::-1]
