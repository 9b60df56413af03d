"""One deployed pipeline with a champion for all tests of this folder; each brings its own challenger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.host.launch import launch
from tests.chaos.cloud import ChaosCloud
from tests.chaos.project import copied
from tests.integration.deployments.stage import Stage

SPEED = 30.0
POLICY = {
    "strategy": "canary",
    "canary_percent": 50,
    "canary_instances": 0,
    "linear_step_percent": 50,
    "linear_step_instances": 0,
    "instance_count": 2,
    "baking_seconds": 60,
    "termination_wait_seconds": 30,
    "max_execution_seconds": 3600,
    "alarm_period_seconds": 60,
    "metric_delay_seconds": 0,
    "keep_versions": 2,
    "max_model_latency_us": 5_000_000,  # a busy machine is no fault of the model's
}
"""At thirty times the wall's speed: two seconds of baking and of an alarm period, one before blue ends."""


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a tiny pipeline."""
    made = copied(tmp_path_factory.mktemp("deployments") / "project")
    config = made / "pipeline.toml"
    config.write_text(config.read_text().replace("max_runtime_seconds = 60", "max_runtime_seconds = 600"))
    return made


@pytest.fixture(scope="session")
def running_stage(project: Path) -> Iterator[Stage]:
    with launch(project=project, speed=SPEED) as cloud:
        made = Stage(ChaosCloud(cloud))
        made.open()
        yield made


@pytest.fixture
def stage(running_stage: Stage) -> Iterator[Stage]:
    """The stage at rest, with the folder's policy and no fault."""
    running_stage.faults.clear()
    running_stage.policy(**POLICY)
    yield running_stage
    running_stage.faults.clear()
