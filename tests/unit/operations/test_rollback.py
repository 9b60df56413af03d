"""The command that starts a rollback says what it does, and gives up where there is nothing to go back to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from operations.deployed import DeployedStage
from operations.rollback import End, NothingToRollBackError, follow, start
from tests.unit.lambdas.fakes import GROUP, FakeSageMaker

NOW = datetime(2026, 11, 22, 2, 50, tzinfo=UTC)
EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:housing-dev-pipeline:rollback"


class FakeStates:
    """Step Functions: remembers what was started, and plays the looks that a test wrote."""

    def __init__(self, *looks: tuple[dict[str, Any], list[str]]) -> None:
        self.started: dict[str, Any] = {}
        self._looks = list(looks)

    def start_execution(self, **request: Any) -> dict[str, Any]:
        self.started = request
        return {"executionArn": EXECUTION}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        return self._looks[0][0]

    def get_paginator(self, name: str) -> FakeStates:
        assert name == "get_execution_history"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        _, entered = self._looks.pop(0)
        return [{"events": [{"stateEnteredEventDetails": {"name": name}} for name in entered] + [{}]}]


class FakeSession:
    region_name = "us-east-1"

    def __init__(self, **clients: Any) -> None:
        self._clients = clients

    def client(self, service: str) -> Any:
        return self._clients[service]


class FakeStacks:
    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:
        outputs = {
            "StateMachineArn": "arn:machine",
            "ModelPackageGroupName": "housing-dev-models",
            "EndpointName": "housing-dev",
        }
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}]}


def account(*statuses: str, serving: int | None = None) -> FakeSageMaker:
    """SageMaker with packages of these statuses, oldest first, and an endpoint that serves one of them."""
    sagemaker = FakeSageMaker()
    for number, status in enumerate(statuses, start=1):
        sagemaker.add_package(f"job-{number}", status)
    if serving:
        sagemaker.in_service(f"job-{serving}")
    return sagemaker


def stage(sagemaker: FakeSageMaker, states: FakeStates) -> DeployedStage:
    session = FakeSession(cloudformation=FakeStacks(), sagemaker=sagemaker, stepfunctions=states)
    return DeployedStage("dev", session)


def asked(states: FakeStates) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(states.started["input"])["rollback"]
    return found


def test_it_starts_the_pipelines_own_machine_from_the_model_that_it_saw_serving() -> None:
    states, sagemaker = FakeStates(), account("Approved", "Approved", "Rejected", serving=3)
    assert start(stage(sagemaker, states), version=None, reason="odd", now=NOW) == EXECUTION
    assert states.started["stateMachineArn"] == "arn:machine"
    assert states.started["name"] == "rollback-from-version-3-20261122T025000000000"
    assert asked(states) == {"from_package_arn": f"{GROUP}/3", "reason": "odd"}


def test_a_version_may_be_named() -> None:
    states = FakeStates()
    start(stage(account("Approved", "Rejected", serving=1), states), version=2, reason="", now=NOW)
    assert asked(states)["to_version"] == 2


def test_where_nothing_serves_the_one_model_that_there_is_can_be_put_back() -> None:
    states = FakeStates()
    start(stage(account("Approved"), states), version=None, reason="", now=NOW)
    assert states.started["name"] == "rollback-from-nothing-20261122T025000000000"
    assert asked(states) == {"reason": ""}


@pytest.mark.parametrize(
    ("sagemaker", "what"),
    [(account(), "nothing"), (account("Rejected", "Approved", serving=2), "version 2")],
    ids=["no model", "one model"],
)
def test_with_nothing_to_go_back_to_nothing_is_started(sagemaker: FakeSageMaker, what: str) -> None:
    states = FakeStates()
    with pytest.raises(NothingToRollBackError, match=f"serves {what}, and has no other approved"):
        start(stage(sagemaker, states), version=None, reason="", now=NOW)
    assert not states.started


def test_each_state_is_told_once_until_the_end() -> None:
    output = {"outcome": "Promoted", "registration": {"model_package_arn": "arn:models/5"}}
    states = FakeStates(
        ({"status": "RUNNING"}, ["IsRollback", "AcquireLease"]),
        ({"status": "RUNNING"}, ["IsRollback", "AcquireLease", "DeployModel"]),
        ({"status": "SUCCEEDED", "output": json.dumps(output)}, ["DeployModel", "Promoted"]),
    )
    told: list[str] = []
    pauses: list[float] = []
    assert follow(states, EXECUTION, told.append, pauses.append) == End("Promoted", "arn:models/5")
    assert told == ["IsRollback", "AcquireLease", "DeployModel", "Promoted"]
    assert len(pauses) == 2


def test_a_failure_is_told_by_its_error_and_cause() -> None:
    failed = {"status": "FAILED", "error": "RollbackImpossibleError", "cause": "arn:8 is champion by now"}
    end = follow(FakeStates((failed, [])), EXECUTION, print, print)
    assert end == End("RollbackImpossibleError", "arn:8 is champion by now")
