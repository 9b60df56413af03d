"""A stack that an old version deployed, and the present one over it: CloudFormation's update in a running
account.

The old version is the last commit before documents, layout, names of states and constructs were rebuilt whose
template AWS would take (before it, Step Functions refused two members of the training's arguments, and roles
lacked what KMS asks for). Its own code writes its template, and the real CDK CLI deploys the present one over
it. What must hold is what a user would lose otherwise: the champion that serves, the data, the way back; and
an execution that is under way ends, and leaves nothing locked.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localcloud.commands.housing import generate
from localcloud.host.launch import Running, launch
from operations import rollback
from operations.deployed import DeployedStage
from operations.rehearsal.watch import POLL_SECONDS, Execution, find_execution, watch
from tests.e2e.conftest import PATIENCE_SECONDS, PROJECT, Pipeline
from tests.integration.test_cdk_cli import cdk

OLD = "1b960c0ec0bb377fabcea8dfea9d5e4247feea11"
PROBE = b"-122.23,37.88,41.0,880.0,129.0,322.0,126.0,8.3252,NEAR BAY\n"
pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@dataclass
class Upgraded:
    """What the old version had made, and how what was under way ended."""

    cloud: Running
    pipeline: Pipeline
    champion_config: str
    answer: bytes
    objects: dict[str, set[tuple[str, str]]]
    under_way: Execution


def serving(cloud: Running) -> str:
    """The config that serves; it fails while the endpoint is in the middle of something."""
    found = cloud.client("sagemaker").describe_endpoint(EndpointName="housing-dev")
    assert found["EndpointStatus"] == "InService"
    return str(found["EndpointConfigName"])


def answer(cloud: Running) -> bytes:
    asked = {"EndpointName": "housing-dev", "ContentType": "text/csv", "Body": PROBE}
    return bytes(cloud.client("sagemaker-runtime").invoke_endpoint(**asked)["Body"].read())


def objects(cloud: Running, outputs: dict[str, str]) -> dict[str, set[tuple[str, str]]]:
    """Bucket → (key, version), for every version that the stack keeps."""
    found = {}
    for output in ("RawBucketName", "ArtifactBucketName"):
        pages = cloud.client("s3").get_paginator("list_object_versions").paginate(Bucket=outputs[output])
        found[output] = {(v["Key"], v["VersionId"]) for page in pages for v in page.get("Versions", ())}
    return found


def leases(cloud: Running) -> list[dict[str, Any]]:
    """The leases that somebody holds."""
    items = cloud.client("dynamodb").scan(TableName="housing-dev-leases")["Items"]
    return [item for item in items if item["holder"]["S"]]


def old_assembly(folder: Path) -> Path:
    """What the old version synthesises; skips where the history does not reach back that far."""
    packed = subprocess.run(["git", "archive", OLD], cwd=PROJECT, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(f"{OLD[:8]} is not in this checkout's history: git fetch --unshallow")
    source = folder / "old"
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(source, filter="data")
    (source / ".venv").symlink_to(Path(sys.prefix))
    environment = {**os.environ, "STAGE": "dev", "CDK_OUTDIR": str(folder / "old.out")}
    environment["PATH"] = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{environment['PATH']}"
    subprocess.run([sys.executable, "app.py"], cwd=source, env=environment, check=True)
    return folder / "old.out"


def start(pipeline: Pipeline, key: str, content: bytes) -> str:
    version = pipeline.upload(key, content)
    arn = pipeline.outputs["StateMachineArn"]
    return find_execution(pipeline.states, arn, key, version, PATIENCE_SECONDS)


def until_entered(pipeline: Pipeline, arn: str, state: str) -> None:
    """Wait until an execution is in a state."""

    deadline = time.monotonic() + PATIENCE_SECONDS
    pages = pipeline.states.get_paginator("get_execution_history")
    while time.monotonic() < deadline:
        events = [event for page in pages.paginate(executionArn=arn) for event in page["events"]]
        if any(event.get("stateEnteredEventDetails", {}).get("name") == state for event in events):
            return
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"{arn} did not come to {state}")


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    folder = tmp_path_factory.mktemp("upgrade")
    with launch(assembly=old_assembly(folder)) as cloud:
        pipeline = Pipeline(cloud)
        first = pipeline.run("incoming/first.csv", generate(row_count=600))
        assert first.outcome == "Promoted", first
        config, said, kept = serving(cloud), answer(cloud), objects(cloud, pipeline.outputs)
        arn = start(pipeline, "incoming/second.csv", generate(row_count=900))
        until_entered(pipeline, arn, "TrainModel")
        cdk(cloud, folder / "cli", "deploy", "--all", "--require-approval", "never")
        under_way = watch(pipeline.states, arn, lambda _: None, PATIENCE_SECONDS)
        yield Upgraded(cloud, pipeline, config, said, kept, under_way)


def test_an_execution_under_way_ends_well_or_fails_told_and_leaves_nothing_locked(upgraded: Upgraded):
    ended = upgraded.under_way
    assert ended.status in {"SUCCEEDED", "FAILED"}
    assert ended.status == "SUCCEEDED" or (ended.error and ended.cause)
    assert not leases(upgraded.cloud)


def test_the_same_champion_serves_unless_what_was_under_way_took_over(upgraded: Upgraded):
    took_over = upgraded.under_way.outcome == "Promoted"
    assert (serving(upgraded.cloud) == upgraded.champion_config) is not took_over
    assert (answer(upgraded.cloud) == upgraded.answer) is not took_over


def test_no_object_that_the_old_version_wrote_is_lost(upgraded: Upgraded):
    now = objects(upgraded.cloud, upgraded.pipeline.outputs)
    assert all(kept <= now[bucket] for bucket, kept in upgraded.objects.items())


def test_the_new_version_promotes_and_goes_back_to_what_the_old_one_made(upgraded: Upgraded):
    ended = upgraded.pipeline.run("incoming/third.csv", generate(row_count=8000))
    assert ended.outcome == "Promoted", ended
    assert serving(upgraded.cloud) != upgraded.champion_config
    stage = DeployedStage("dev", upgraded.cloud, PROJECT)
    arn = rollback.start(stage, version=1, reason="the upgrade is tried", now=datetime.now(UTC))
    end = rollback.follow(upgraded.pipeline.states, arn, lambda _: None, lambda _: time.sleep(POLL_SECONDS))
    assert end.outcome == "Promoted", end
    assert answer(upgraded.cloud) == upgraded.answer


def test_the_update_replaced_nothing_that_keeps_state(upgraded: Upgraded):
    pages = upgraded.cloud.client("cloudformation").get_paginator("describe_stack_events")
    events = [e for page in pages.paginate(StackName="housing-dev") for e in page["StackEvents"]]
    kinds = {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::DynamoDB::Table", "AWS::SageMaker::ModelPackageGroup"}
    kinds |= {"AWS::SageMaker::MlflowApp", "AWS::SNS::Topic", "AWS::SQS::Queue", "Custom::Teardown"}
    gone = [e["LogicalResourceId"] for e in events if e["ResourceStatus"].startswith("DELETE")]
    types = {e["LogicalResourceId"]: e["ResourceType"] for e in events}
    assert not [name for name in gone if types[name] in kinds], json.dumps(gone)
