"""`make rebuild` on the deployed pipeline: a promoted model made again is the same, bit by bit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from operations.deployed import DeployedStage
from operations.rebuild import Comparison, Rebuild
from tests.chaos import datasets
from tests.chaos.cloud import NAMES, ChaosCloud
from tests.chaos.report import record

PATIENCE_SECONDS = 600.0


def statuses(cloud: ChaosCloud) -> dict[str, str]:
    return {package["ModelPackageArn"]: package["ModelApprovalStatus"] for package in cloud.packages()}


def test_a_promoted_model_is_made_again_bit_by_bit(cloud: ChaosCloud) -> None:
    ending = cloud.wait(cloud.upload("first", datasets.good(1)), PATIENCE_SECONDS)
    assert ending is not None
    assert ending.outcome == "Promoted", ending.cause
    packages = statuses(cloud)
    jobs: list[str] = []
    stage = DeployedStage(NAMES.stage, cloud, root=Path(__file__).parent)

    found = Rebuild(stage).run(1, datetime.now(UTC), jobs.append)

    assert found == Comparison(is_same=True, is_fitted_same=True, reasons=())
    assert len(jobs) == 1
    assert statuses(cloud) == packages
    record("a model made again from its manifest", tried=1, survived=1)
