"""The deployed pipeline as its users have it, shared by the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.commands.housing import generate
from localcloud.host.launch import Running, launch
from operations.rehearsal.watch import Execution, find_execution, watch

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 600.0


class Pipeline:
    """Uploads and what became of them."""

    def __init__(self, cloud: Running) -> None:
        self.cloud, self.outputs = cloud, cloud.outputs
        self.s3, self.states = cloud.client("s3"), cloud.client("stepfunctions")

    def upload(self, key: str, content: bytes) -> str:
        answer = self.s3.put_object(Bucket=self.outputs["RawBucketName"], Key=key, Body=content)
        return str(answer["VersionId"])

    def outcome(self, key: str, version_id: str) -> Execution:
        """Wait for the execution of one upload to end."""
        arn = find_execution(self.states, self.outputs["StateMachineArn"], key, version_id, PATIENCE_SECONDS)
        return watch(self.states, arn, lambda _: None, PATIENCE_SECONDS)

    def run(self, key: str, content: bytes) -> Execution:
        return self.outcome(key, self.upload(key, content))


@pytest.fixture(scope="session")
def pipeline() -> Iterator[Pipeline]:
    with launch(project=PROJECT) as cloud:
        yield Pipeline(cloud)


@pytest.fixture(scope="session")
def good_csv() -> bytes:
    return generate(row_count=600)
