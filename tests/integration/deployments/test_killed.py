"""A cloud that is killed in the middle of a deployment and started again with its state."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.host.launch import launch
from tests.chaos.cloud import ChaosCloud
from tests.integration.deployments.conftest import POLICY, SPEED
from tests.integration.deployments.stage import Stage
from tests.integration.test_life import alive

pytestmark = pytest.mark.deployments


def until_kept(stage: Stage, state: Path) -> None:
    """Wait until what the state machines did so far outlives a kill: for two snapshots begun from now on."""
    snapshot = state / "services" / "stepfunctions.json"
    written = {snapshot.stat().st_mtime_ns}

    def twice_more() -> bool:
        written.add(snapshot.stat().st_mtime_ns)
        return len(written) > 2

    stage.until(twice_more, f"{snapshot} to be written")


@pytest.mark.timeout(600)
def test_a_cloud_killed_during_a_canary_comes_back_with_the_champion_and_ends_what_it_began(
    project: Path, tmp_path: Path
) -> None:
    with launch(tmp_path, project=project, speed=SPEED) as killed:
        stage = Stage(ChaosCloud(killed))
        stage.open()
        stage.policy(**POLICY | {"baking_seconds": 600})
        green = stage.challenger()
        arn = stage.start(green)
        stage.until_baking(1, of=green)
        stage.until(lambda: "WaitForBake" in stage.states_entered(arn), "the bake to be waited for")
        until_kept(stage, tmp_path)
        processes = [container["pid"] for container in stage.cloud.faults.containers()]
        assert processes
        killed.process.kill()
        killed.process.wait()
        stage.until(lambda: not any(map(alive, processes)), "the containers to end")
    with launch(tmp_path, project=project, speed=SPEED) as cloud:
        stage = stage.moved_to(ChaosCloud(cloud))
        assert stage.cloud.ask("1.0,0.25,right") == float(stage.champion.answer)
        ended = stage.ended(arn)
        assert ended.outcome == "DeploymentRolledBackError", ended
        assert stage.package_of(green)["ModelApprovalStatus"] == "Rejected"
        stage.assert_nothing_left(stage.champion)
        successor = stage.challenger()
        stage.policy(**POLICY)
        assert stage.deploy(successor).outcome == "Promoted"
        stage.assert_nothing_left(successor)
