"""What an execution will need at its end is looked at before anything is computed."""

from __future__ import annotations

import pytest

from contracts.errors import PreconditionError
from contracts.settings import CheckPreconditionsSettings
from lambdas.check_preconditions.handler import handler
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeMlflow, FakeSageMaker


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = CheckPreconditionsSettings(
        endpoint_name="housing-dev",
        model_package_group_name="housing-dev-models",
        mlflow_tracking_uri="arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/app-1",
        experiment_name="housing-dev",
        registered_model_name="housing-dev",
    )
    set_environment(monkeypatch, settings)


def test_before_the_first_model_nothing_is_lost_and_the_experiment_is_made(
    sagemaker: FakeSageMaker, mlflow: FakeMlflow, context: Context
) -> None:
    assert handler({}, context) == {"is_endpoint_lost": False, "disagreement": ""}
    assert mlflow.experiment == "active"


def test_an_endpoint_that_was_deleted_is_told(
    sagemaker: FakeSageMaker, mlflow: FakeMlflow, context: Context
) -> None:
    sagemaker.add_package("job-1")
    answer = handler({}, context)
    assert answer["is_endpoint_lost"] is True
    assert answer["disagreement"] == "the endpoint is missing, and version 1 should serve"


def test_a_deleted_experiment_ends_it_at_once_with_what_to_do(
    sagemaker: FakeSageMaker, mlflow: FakeMlflow, context: Context
) -> None:
    mlflow.experiment = "deleted"
    with pytest.raises(PreconditionError, match=r"experiment housing-dev is deleted.*restore it"):
        handler({}, context)


def test_a_missing_group_ends_it_at_once_with_what_to_do(
    sagemaker: FakeSageMaker, mlflow: FakeMlflow, context: Context
) -> None:
    sagemaker.has_group = False
    with pytest.raises(PreconditionError, match=r"no model package group housing-dev-models.*docs/runbook"):
        handler({}, context)


def serving(sagemaker: FakeSageMaker) -> str:
    arn = sagemaker.add_package("job-1", mlflow_model_version="7")
    sagemaker.in_service("job-1")
    return arn


def test_an_alias_that_a_hand_moved_or_took_away_is_put_right(
    sagemaker: FakeSageMaker, mlflow: FakeMlflow, context: Context
) -> None:
    serving(sagemaker)
    for moved in ({"champion": "3"}, {}):
        mlflow.aliases = dict(moved)
        handler({}, context)
        assert mlflow.aliases == {"champion": "7"}


def test_where_endpoint_and_registry_disagree_the_alias_is_left_alone(
    sagemaker: FakeSageMaker, mlflow: FakeMlflow, context: Context
) -> None:
    arn = serving(sagemaker)
    sagemaker.package(arn)["ModelApprovalStatus"] = "Rejected"
    mlflow.aliases = {"champion": "3"}
    handler({}, context)
    assert mlflow.aliases == {"champion": "3"}
