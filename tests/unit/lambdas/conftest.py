"""A function's surroundings: credentials that open nothing, services that are fakes, a context."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws

from lambdas.aws import clients
from tests.unit.lambdas.fakes import FakeCloudWatch, FakeMlflow, FakeSageMaker

REGION, ACCOUNT = "us-east-1", "111122223333"


class Context(LambdaContext):
    """What Lambda hands to a handler beside the event."""

    def __init__(self) -> None:
        self._function_name = "housing-dev-Function"
        self._memory_limit_in_mb = 256
        self._invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:housing-dev-Function"
        self._aws_request_id = "52fdfc07-2182-154f-163f-5f0f9a621d72"
        self.milliseconds = 60_000

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # static in Powertools
        return self.milliseconds


@pytest.fixture(scope="session", autouse=True)
def _services_are_read_once() -> Iterator[None]:
    """moto gives each test a session of its own, and a session reads the services' models (S3's alone is a
    megabyte of JSON) for itself: that took most of the time of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        yield


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    clients.MADE.clear()
    yield
    clients.MADE.clear()


@pytest.fixture
def aws() -> Iterator[None]:
    """moto's services, for those that it does well."""
    with mock_aws():
        yield


@pytest.fixture
def sagemaker() -> FakeSageMaker:
    clients.MADE["sagemaker"] = fake = FakeSageMaker()
    return fake


@pytest.fixture
def cloudwatch() -> FakeCloudWatch:
    clients.MADE["cloudwatch"] = fake = FakeCloudWatch()
    return fake


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> FakeMlflow:
    """Stands in for MLflow in every handler that asks it."""
    fake = FakeMlflow()
    for state in ("check_preconditions", "register_model", "promote_champion", "reject_challenger"):
        monkeypatch.setattr(f"lambdas.{state}.handler.Mlflow", lambda _arn: fake)
    return fake


@pytest.fixture
def context() -> Context:
    return Context()


def set_environment(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
