"""Events sent to the deployed stream become a champion, and no poison, fault or reshard loses one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.stream import Stream
from localcloud.host.launch import launch
from operations.stream import Player, read_rows
from tests.chaos import datasets
from tests.chaos.cloud import NAMES, ChaosCloud
from tests.chaos.project import copied

SPEED = 30.0
PATIENCE_SECONDS = 600.0
STREAM = """
[stream]
stages = ["dev"]
source = "kinesis"
batch_size = 50
batch_window_seconds = 0
max_attempts = 2
train_every_hours = 1
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosCloud]:
    project: Path = copied(tmp_path_factory.mktemp("stream") / "project")
    config = project / "pipeline.toml"
    config.write_text(config.read_text() + STREAM)
    with launch(project=project, speed=SPEED) as running:
        yield ChaosCloud(running)


def until(condition: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.2)


def keys(cloud: ChaosCloud, prefix: str) -> list[str]:
    pages = cloud.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=cloud.outputs["ArtifactBucketName"], Prefix=prefix)
    return [item["Key"] for page in found for item in page.get("Contents", [])]


def collect(cloud: ChaosCloud, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    told += refused(cloud)
    return told


def refused(cloud: ChaosCloud) -> list[dict[str, Any]]:
    """The messages that tell of refused records, each once."""
    queue = cloud.outputs["RefusedRecordsQueueUrl"]
    sqs = cloud.client("sqs")
    found = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_events_are_checked_closed_and_trained_on_and_poison_is_told_of(cloud: ChaosCloud, tmp_path: Path):
    (tmp_path / "rows.csv").write_bytes(datasets.good(1))
    rows = list(read_rows(tmp_path / "rows.csv"))
    player = Player(cloud.running.client("kinesis"), cloud.outputs["StreamName"], Stream())
    kinesis = cloud.client("kinesis")
    now = datetime.now(UTC)
    player.send(rows[:60], now)
    for poison in (b"{", json.dumps({"event_id": "x", "event_time": now.isoformat()}).encode()):
        kinesis.put_record(StreamName=cloud.outputs["StreamName"], Data=poison, PartitionKey="p")
    player.send(rows[60:], now)
    player.send(rows[:30], now)  # a sender that repeats itself
    told: list[dict[str, Any]] = []
    until(lambda: sum(one["refused"] for one in collect(cloud, told)) >= 2, "the poison")
    assert sum(one["refused"] for one in told) == 2
    reasons = {record["reason"] for one in told for record in one["records"]}
    assert any(reason.startswith("it is no JSON") for reason in reasons)
    assert any("first: its value is missing" in reason for reason in reasons)
    until(lambda: bool(keys(cloud, "stream/events/")), "accepted records")
    time.sleep(5)  # every shard has been read
    payload = {"now": (datetime.now(UTC) + timedelta(hours=2)).isoformat()}
    answer = cloud.client("lambda").invoke(
        FunctionName=NAMES.function("CloseHours"), Payload=json.dumps(payload).encode()
    )
    ending = json.loads(answer["Payload"].read())
    assert sum(hour["rows"] for hour in ending["closed"]) == len(rows), ending
    assert not keys(cloud, "stream/events/")
    states = cloud.client("stepfunctions")

    def ended() -> list[dict[str, Any]]:
        found = states.list_executions(stateMachineArn=cloud.outputs["StateMachineArn"])["executions"]
        return [one for one in found if one["status"] != "RUNNING"]

    until(lambda: bool(ended()), "the execution of the dataset", PATIENCE_SECONDS)
    (execution,) = ended()
    found = states.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(found.get("output", "{}")).get("outcome") == "Promoted", found.get("cause")
    assert abs(cloud.ask("1.0,0.25,right") - datasets.Line(1).probe()[1]) < 1.0


def test_what_can_t_be_written_is_given_up_after_its_tries_and_the_shard_goes_on(cloud: ChaosCloud):
    """The role loses the right to write; the records are named in the queue, and later ones are accepted."""
    iam, function = cloud.client("iam"), NAMES.function("AcceptRecords")
    role = cloud.client("lambda").get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2]
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    iam.put_role_policy(
        RoleName=role,
        PolicyName="deny",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    kinesis, stream = cloud.client("kinesis"), cloud.outputs["StreamName"]

    def put(name: str) -> dict[str, Any]:
        event = {
            "event_id": name,
            "event_time": time.time(),
            "first": 0.1,
            "second": 0.2,
            "kind": "left",
            "y": 1.0,
        }
        data = json.dumps(event).encode()
        found: dict[str, Any] = kinesis.put_record(StreamName=stream, Data=data, PartitionKey="one")
        return found

    lost = put("lost")
    told: list[dict[str, Any]] = []
    until(lambda: bool(collect(cloud, told)), "the record that is given up")
    info = told[0]["KinesisBatchInfo"]
    assert (info["startSequenceNumber"], info["batchSize"]) == (lost["SequenceNumber"], 1)
    assert told[0]["requestContext"]["condition"] == "RetryAttemptsExhausted"
    iam.delete_role_policy(RoleName=role, PolicyName="deny")
    put("kept")
    until(lambda: bool(keys(cloud, "stream/events/")), "the record behind it")


def test_a_shard_that_comes_later_is_read_from_its_beginning(cloud: ChaosCloud):
    kinesis, stream = cloud.client("kinesis"), cloud.outputs["StreamName"]
    before = len(keys(cloud, "stream/events/"))
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    event = {
        "event_id": "new",
        "event_time": time.time(),
        "first": 0.1,
        "second": 0.2,
        "kind": "left",
        "y": 1.0,
    }
    kinesis.put_record(StreamName=stream, Data=json.dumps(event).encode(), PartitionKey="two")
    until(lambda: len(keys(cloud, "stream/events/")) > before, "the record of the new shard")
