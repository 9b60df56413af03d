"""Functions and training jobs that break: the stated error, its reason, and the champion serves on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.chaos import datasets
from tests.chaos.cloud import NAMES, ChaosCloud, Ending
from tests.chaos.datasets import Line
from tests.chaos.invariants import Champion, settle, violations
from tests.chaos.report import record

PATIENCE_SECONDS = 240.0
CHAMPION = 1


@pytest.fixture(scope="module")
def champion(cloud: ChaosCloud) -> Champion:
    """The model that must serve whatever happens to the next one."""
    ending = cloud.wait(cloud.upload("champion", datasets.good(CHAMPION)), PATIENCE_SECONDS)
    assert ending is not None
    assert ending.outcome == "Promoted", ending
    return Champion(ending.output["training"]["job_name"], Line(CHAMPION))


@pytest.fixture
def fail(cloud: ChaosCloud, champion: Champion, request: pytest.FixtureRequest) -> Callable[[], Ending]:
    """Upload better data, see its execution fail, and find everything as it was."""

    def failing() -> Ending:
        number = 2 + sum(map(ord, request.node.name))
        ending = cloud.wait(cloud.upload("challenger", datasets.good(number)), PATIENCE_SECONDS)
        assert ending is not None, "the execution did not end"
        assert settle(cloud, 60) + violations(cloud, champion) == []
        record(request.node.name.removeprefix("test_").replace("_", " "), tried=1, survived=1)
        return ending

    return failing


@contextmanager
def function_with(cloud: ChaosCloud, state: str, **changes: Any) -> Iterator[None]:
    """A function with other settings for a while."""
    functions, name = cloud.client("lambda"), NAMES.function(state)
    before = functions.get_function_configuration(FunctionName=name)
    functions.update_function_configuration(FunctionName=name, **changes)
    try:
        yield
    finally:
        kept = {key: before[key] for key in ("MemorySize", "Timeout")}
        command = before.get("ImageConfigResponse", {}).get("ImageConfig")
        if command:
            kept["ImageConfig"] = command
        functions.update_function_configuration(FunctionName=name, **kept)


@contextmanager
def training_with(
    cloud: ChaosCloud, *, entrypoint: list[str], max_runtime_seconds: int = 60
) -> Iterator[None]:
    """Training jobs that start something else than the image's own program for a while."""
    states, arn = cloud.client("stepfunctions"), cloud.outputs["StateMachineArn"]
    before = states.describe_state_machine(stateMachineArn=arn)["definition"]
    definition = json.loads(before)
    arguments = definition["States"]["TrainModel"]["Arguments"]
    arguments["AlgorithmSpecification"]["ContainerEntrypoint"] = entrypoint
    arguments["StoppingCondition"]["MaxRuntimeInSeconds"] = max_runtime_seconds
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    try:
        yield
    finally:
        states.update_state_machine(stateMachineArn=arn, definition=before)


def test_a_function_out_of_memory(cloud, fail):
    with function_with(cloud, "EvaluateModel", MemorySize=128):
        ending = fail()
    assert ending.outcome == "Runtime.ExitError"
    assert "signal: killed" in ending.cause


def test_a_function_out_of_time(cloud, fail):
    silence = {"fault": "timeout", "service": "s3", "principal": "*EvaluateModel*", "seconds": 3, "count": 20}
    cloud.faults.put({"rule": [silence]})
    try:
        with function_with(cloud, "EvaluateModel", Timeout=2):
            ending = fail()
    finally:
        cloud.faults.put({})
    assert ending.outcome == "Sandbox.Timedout"
    assert "timed out after 2.00 seconds" in ending.cause


def test_a_function_with_a_broken_import(cloud, fail):
    with function_with(cloud, "EvaluateModel", ImageConfig={"Command": ["lambdas.nowhere.handler.handler"]}):
        ending = fail()
    assert ending.outcome == "Runtime.ImportModuleError"
    assert "lambdas.nowhere" in ending.cause


def test_a_training_job_that_exits_with_1(cloud, fail):
    script = "echo 'the data is from next year' > /opt/ml/output/failure; exit 1"
    with training_with(cloud, entrypoint=["/bin/sh", "-c", script]):
        ending = fail()
    assert ending.outcome == "TrainingFailedError"
    assert "the data is from next year" in ending.cause


def test_a_training_job_that_hangs(cloud, fail):
    with training_with(cloud, entrypoint=["/bin/sh", "-c", "sleep 1000"], max_runtime_seconds=2):
        ending = fail()
    assert ending.outcome == "TrainingFailedError"
    assert "MaxRuntime" in ending.cause


def test_a_training_job_that_writes_no_model(cloud, fail):
    with training_with(cloud, entrypoint=["/bin/sh", "-c", "exit 0"]):
        ending = fail()
    assert ending.outcome == "ChallengerUnreadableError"
    assert "model.tar.gz" in ending.cause


def test_a_training_job_that_fills_its_disk(cloud, fail):
    # A container may mount nothing; a file on a device that is always full fails as one on a full disk does.
    script = "ln -s /dev/full /opt/ml/model/model.json && exec python -m training_jobs train"
    with training_with(cloud, entrypoint=["/bin/sh", "-c", script]):
        ending = fail()
    assert ending.outcome == "TrainingFailedError"
    assert "No space left on device" in ending.cause
