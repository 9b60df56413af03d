"""A fleet that scales itself: by its invocations, without losing a request, and its size outlives a
deployment, which in turn nothing scales."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.host.launch import launch
from tests.chaos.cloud import NAMES, ChaosCloud
from tests.chaos.project import copied
from tests.integration.deployments.conftest import POLICY, SPEED
from tests.integration.deployments.stage import Stage

pytestmark = pytest.mark.deployments

SCALING = """
[scaling]
stages = ["dev"]
min_instances = 2
max_instances = 4
max_p99_ms = 20_000
max_load_share = 0.05
scale_in_cooldown_seconds = 60
"""
BUSY, QUIET = 30.0, 1.0
"""Requests a wall second; a cloud's minute has two of those."""
PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage of its own, whose champion takes a fifth of a second for a request."""
    project: Path = copied(tmp_path_factory.mktemp("scaling") / "project")
    config = project / "pipeline.toml"
    text = config.read_text().replace("max_runtime_seconds = 60", "max_runtime_seconds = 600")
    config.write_text(text + SCALING)
    with launch(project=project, speed=SPEED) as cloud:
        stage = Stage(ChaosCloud(cloud))
        stage.open()
        stage.policy(**POLICY)
        stage.faults.put({"delay_ms": 200}, endpoint_config=stage.champion.job)
        yield stage


def eventually(what: str, look: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < until, f"{what} did not come about in {PATIENCE_SECONDS:g} s"
        time.sleep(0.2)
    return found


def count(stage: Stage) -> int:
    (variant,) = stage.cloud.endpoint()["ProductionVariants"]
    return int(variant["DesiredInstanceCount"])


def settled_at(stage: Stage, wanted: int) -> bool:
    found = stage.cloud.endpoint()
    (variant,) = found["ProductionVariants"]
    counts = (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"])
    return found["EndpointStatus"] == "InService" and counts == (wanted, wanted)


def autoscaling(stage: Stage, operation: str) -> list[dict[str, Any]]:
    client = stage.cloud.client("application-autoscaling")
    answer = getattr(client, f"describe_{operation}")(ServiceNamespace="sagemaker")
    return next(value for key, value in answer.items() if key.startswith("Sca"))


def test_a_busy_fleet_grows_a_quiet_one_shrinks_and_no_request_is_lost(scaled: Stage):
    (target,) = autoscaling(scaled, "scalable_targets")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 4)
    with scaled.traffic(BUSY) as traffic:
        eventually(
            "a target measured by the model's own time",
            lambda: [p for p in autoscaling(scaled, "scaling_policies") if p["PolicyType"].startswith("T")],
        )
        eventually("four instances", lambda: settled_at(scaled, 4))
        requests = traffic.stop()
    assert {r.status for r in requests} == {200}
    with scaled.traffic(QUIET) as traffic:
        eventually("two instances again", lambda: settled_at(scaled, 2))
        requests = traffic.stop()
    assert {r.status for r in requests} == {200}
    causes = [activity["Cause"] for activity in autoscaling(scaled, "scaling_activities")]
    assert any("AlarmHigh" in cause for cause in causes)
    assert any("AlarmLow" in cause for cause in causes)


def test_a_deployment_keeps_the_size_and_is_not_scaled_meanwhile(scaled: Stage):
    scaled.cloud.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{NAMES.endpoint}/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=3,
        MaxCapacity=4,
    )
    scaled.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=NAMES.endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    )
    eventually("three instances", lambda: settled_at(scaled, 3))
    green = scaled.challenger()
    ended = scaled.deploy(green)
    assert ended.outcome == "Promoted", ended.cause
    scaled.champion = green
    assert count(scaled) == 3


def test_another_instance_type_is_deployed_and_what_serves_is_registered_again(scaled: Stage):
    (before,) = autoscaling(scaled, "scalable_targets")
    scaled.policy(instance_type="ml.c5.large")
    green = scaled.challenger()
    ended = scaled.deploy(green)
    assert ended.outcome == "Promoted", ended.cause
    scaled.champion = green
    after = eventually("a new registration", lambda: autoscaling(scaled, "scalable_targets"))
    assert after[0]["ScalableTargetARN"] != before["ScalableTargetARN"]
    assert (after[0]["MinCapacity"], after[0]["MaxCapacity"]) == (2, 4)
