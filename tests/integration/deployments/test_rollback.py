"""`make rollback`, against the deployed pipeline: the command an operator types, and what it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.deployments.stage import PATIENCE_SECONDS, Model, Stage

pytestmark = pytest.mark.deployments

PRODUCT = Path(__file__).parents[3]
REASON = "complaints from callers"


def rollback(stage: Stage, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the project, with an operator's environment."""
    return subprocess.run(
        [sys.executable, "-m", "operations.rollback", "--stage", "dev", "--reason", REASON, *arguments],
        cwd=project,
        env={**os.environ, **stage.cloud.running.environment, "PYTHONPATH": str(PRODUCT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture
def previous(stage: Stage) -> Model:
    """The champion before the one that serves."""
    before, successor = stage.champion, stage.challenger()
    assert stage.deploy(successor).outcome == "Promoted"
    stage.champion = successor
    return before


def test_the_previous_champion_takes_over_again_and_no_request_is_lost(stage, project, previous):
    leaving = stage.champion
    with stage.traffic(40.0) as traffic:
        done = rollback(stage, project)
        requests = traffic.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    stage.champion = previous
    assert {(r.status, r.answer) for r in requests} == {(200, leaving.answer), (200, previous.answer)}
    assert "DeployModel" in done.stdout
    left = stage.package_of(leaving)
    assert left["ModelApprovalStatus"] == "Rejected"
    assert REASON in left["ApprovalDescription"]
    stage.assert_nothing_left(previous)
    stage.assert_no_trace_of(leaving)


def test_a_previous_champion_that_breaks_is_rolled_back_and_stays_approved(stage, project, previous):
    stage.policy(baking_seconds=600)
    stage.faults.put({"error_share": 0.5}, endpoint_config=previous.job)
    with stage.traffic(40.0):
        done = rollback(stage, project)
    assert done.returncode == 1
    assert "DeploymentRolledBackError" in done.stdout
    assert stage.package_of(previous)["ModelApprovalStatus"] == "Approved"
    assert previous.job in stage.cloud.configs() & stage.cloud.models()
    stage.assert_nothing_left(stage.champion)


def test_a_version_that_was_cleared_away_is_made_again_from_its_package(stage, project, previous):
    for _ in range(2):  # with two versions kept, these push the previous one out
        successor = stage.challenger()
        assert stage.deploy(successor).outcome == "Promoted"
        stage.champion = successor
    assert previous.job not in stage.cloud.configs() | stage.cloud.models()
    version = stage.package_of(previous)["ModelPackageVersion"]
    done = rollback(stage, project, "--version", str(version))
    assert done.returncode == 0, done.stdout + done.stderr
    stage.champion = previous
    stage.assert_nothing_left(previous)


def test_of_two_commands_the_second_does_not_go_back_further(stage, project, previous):
    arguments = [sys.executable, "-m", "operations.rollback"]
    environment = {**os.environ, **stage.cloud.running.environment, "PYTHONPATH": str(PRODUCT)}
    both = [
        subprocess.Popen(arguments, cwd=project, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=PATIENCE_SECONDS)[0] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    assert sum("RollbackImpossibleError" in text for text in said) == 1
    stage.champion = previous
    stage.assert_nothing_left(previous)
