"""A stage that wants two people behind a model: the trail tells who uploaded, the registry who approved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.host.launch import launch
from tests.chaos import datasets
from tests.chaos.cloud import NAMES, ChaosCloud
from tests.chaos.project import copied
from tests.integration.deployments.conftest import SPEED
from tests.integration.deployments.stage import PATIENCE_SECONDS, Stage
from tests.integration.deployments.test_approval import decide, operator

pytestmark = pytest.mark.deployments

ASKS = '[deployment.dev]\napproval = "required"\nfour_eyes = true\n'


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    project = copied(tmp_path_factory.mktemp("four-eyes") / "project")
    config = project / "pipeline.toml"
    text = config.read_text().replace("max_runtime_seconds = 60", "max_runtime_seconds = 600")
    config.write_text(text.replace("[deployment.dev]\n", ASKS))
    with launch(project=project, speed=SPEED) as cloud:
        yield Stage(ChaosCloud(cloud))


@pytest.fixture
def alice(stage: Stage) -> Iterator[Any]:
    with operator(stage, "alice") as client:
        yield client


def test_who_uploaded_does_not_approve_and_another_does(stage: Stage, alice: Any) -> None:
    upload = stage.cloud.upload("first", datasets.good(1))
    trail = stage.cloud.client("cloudtrail").get_trail(Name=f"{NAMES.prefix}-uploads")["Trail"]
    assert trail["S3BucketName"] == stage.cloud.outputs["ArtifactBucketName"]
    stage.until(lambda: bool(stage.cloud.packages()), "a package")
    arn = str(stage.cloud.packages()[0]["ModelPackageArn"])

    def package() -> dict[str, Any]:
        return dict(stage.sagemaker.describe_model_package(ModelPackageName=arn))

    # The administrator uploaded it.
    decide(stage, arn, "Approved")
    stage.until(lambda: "another person" in package().get("ApprovalDescription", ""), "it to be put back")
    assert package()["ModelApprovalStatus"] == "PendingManualApproval"
    decide(stage, arn, "Approved", alice)
    ending = stage.cloud.wait(upload, PATIENCE_SECONDS)
    assert ending is not None
    assert ending.outcome == "Promoted", ending.cause
    assert ending.output["approval"]["by"].endswith(":user/alice")
