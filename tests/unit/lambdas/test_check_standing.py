"""The standing check counts what a person must know of, and nothing that rights itself."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.settings import CheckStandingSettings
from lambdas.check_standing.handler import handler
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeSageMaker


@pytest.fixture
def look(
    monkeypatch: pytest.MonkeyPatch,
    sagemaker: FakeSageMaker,
    context: Context,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    settings = CheckStandingSettings(
        endpoint_name="housing-dev",
        model_package_group_name="housing-dev-models",
        metric_namespace="Greenlight/housing-dev",
    )
    set_environment(monkeypatch, settings)

    def counted() -> bool:
        answer = handler({}, context)
        is_counted: bool = "EndpointAstray" in capsys.readouterr().out
        assert is_counted is answer["needs_a_person"]
        return bool(is_counted)

    return counted


def test_a_missing_endpoint_and_a_rejected_model_are_counted(look: Any, sagemaker: FakeSageMaker) -> None:
    assert not look(), "before the first model nothing is missing"
    arn = sagemaker.add_package("job-1")
    assert look()
    sagemaker.in_service("job-1")
    assert not look()
    sagemaker.package(arn)["ModelApprovalStatus"] = "Rejected"
    assert look()


def test_a_deployment_under_way_is_left_to_itself(look: Any, sagemaker: FakeSageMaker) -> None:
    sagemaker.add_package("job-1", status="Rejected")
    sagemaker.updating("job-1", "job-2")
    assert not look()
