"""40 uploads within one second, 5 of them invalid, and 10 of their events delivered again."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest

from lambdas.uploads import Upload
from tests.chaos import datasets
from tests.chaos.cloud import ChaosCloud, Ending
from tests.chaos.datasets import Line
from tests.chaos.invariants import Champion, settle, violations
from tests.chaos.report import record

UPLOADS = 40
INVALID = (3, 11, 19, 27, 35)
AGAIN = tuple(range(0, 40, 4))
PATIENCE_SECONDS = 900.0
ENDINGS = {"Promoted", "ChallengerRejected", "Superseded"}


@pytest.fixture(scope="module")
def storm(cloud: ChaosCloud) -> dict[int, tuple[Upload, Ending]]:
    """Each upload by its number, and how its execution ended."""

    def send(number: int) -> Upload:
        content = datasets.invalid(number) if number in INVALID else datasets.good(number)
        return cloud.upload(f"storm-{number:02}", content)

    with ThreadPoolExecutor(UPLOADS) as pool:
        began = time.monotonic()
        uploads = list(pool.map(send, range(UPLOADS)))
        print(f"{UPLOADS} uploads in {time.monotonic() - began:.2f} s")
        for number in AGAIN:
            _deliver_again(cloud, uploads[number])
        deadline = time.monotonic() + PATIENCE_SECONDS

        def ended(upload: Upload) -> Ending:
            ending = cloud.wait(upload, deadline - time.monotonic(), poll_seconds=2.0)
            assert ending is not None, f"{upload.key} did not end"
            return ending

        endings = list(pool.map(ended, uploads))
    return {number: (uploads[number], endings[number]) for number in range(UPLOADS)}


def _deliver_again(cloud: ChaosCloud, upload: Upload) -> None:
    """EventBridge's event once more, as at-least-once delivery may."""
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": upload.bucket},
            "object": {"key": upload.key, "version-id": upload.version_id, "sequencer": "0"},
        },
    }
    cloud.client("sqs").send_message(QueueUrl=cloud.outputs["UploadQueueUrl"], MessageBody=json.dumps(event))


def test_each_valid_upload_ends_as_it_deserves_and_each_invalid_one_is_rejected(storm):
    outcomes = {number: ending.outcome for number, (_, ending) in storm.items()}
    assert {outcomes[number] for number in INVALID} == {"DatasetRejected"}
    valid = {number: outcome for number, outcome in outcomes.items() if number not in INVALID}
    assert set(valid.values()) <= ENDINGS, {
        n: (o, storm[n][1].cause) for n, o in valid.items() if o not in ENDINGS
    }
    record("uploads within a second", tried=UPLOADS, survived=UPLOADS, **Counter(outcomes.values()))


def test_an_event_that_comes_again_starts_nothing(cloud, storm):
    settle(cloud, 60)
    pages = cloud.client("stepfunctions").get_paginator("list_executions")
    started = [
        item["name"]
        for page in pages.paginate(stateMachineArn=cloud.outputs["StateMachineArn"])
        for item in page["executions"]
    ]
    assert Counter(started) == Counter(upload.execution_name for upload, _ in storm.values())
    assert cloud.waiting_messages("DeadLetterQueueUrl") == 0
    record("events delivered again", tried=len(AGAIN), survived=len(AGAIN))


def test_the_endpoint_ends_on_the_newest_upload_and_nothing_is_left_half_done(cloud, storm):
    newest = max(
        (number for number in storm if number not in INVALID), key=lambda n: _order(storm[n][1].output)
    )
    champion = storm[newest][1]
    assert champion.outcome == "Promoted", champion
    job = champion.output["training"]["job_name"]
    assert settle(cloud, 60) + violations(cloud, Champion(job, Line(newest))) == []


def test_no_deployment_overlaps_another(cloud, storm):
    spans = sorted(
        span for upload, _ in storm.values() if (span := _deployment(cloud, cloud.execution_arn(upload)))
    )
    for (_, first_end, first), (second_start, _, second) in pairwise(spans):
        assert first_end <= second_start, f"{second} was deployed while {first} was"
    record("deployments one at a time", tried=len(spans), survived=len(spans))


def test_content_already_known_under_a_new_version_ends_challenger_rejected(cloud, storm):
    newest = max(
        (number for number in storm if number not in INVALID), key=lambda n: _order(storm[n][1].output)
    )
    upload = cloud.upload("storm-again", datasets.good(newest))
    ending = cloud.wait(upload, 120)
    assert ending is not None
    assert ending.outcome == "ChallengerRejected"
    record("known content under a new version", tried=1, survived=1)


def _order(output: Any) -> str:
    return str(output["dataset"]["upload_order"])


def _deployment(cloud: ChaosCloud, arn: str) -> tuple[float, float, str] | None:
    """When this execution entered DeployModel, and when it entered ReleaseLease after it."""
    pages = cloud.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    entered = [
        (event["stateEnteredEventDetails"]["name"], event["timestamp"].timestamp())
        for page in pages
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    ]
    starts = [at for name, at in entered if name == "DeployModel"]
    ends = [at for name, at in entered if name in ("PromoteChampion", "RejectChallenger", "ReleaseLease")]
    return (starts[0], ends[0], arn) if starts else None
