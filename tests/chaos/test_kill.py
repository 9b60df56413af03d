"""kill -9 of the embedded cloud at random moments, restart with its state: nothing acknowledged is lost."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.uploads import Upload
from tests.chaos import datasets
from tests.chaos.cloud import ChaosCloud
from tests.chaos.datasets import Line
from tests.chaos.invariants import Champion, settle, violations
from tests.chaos.project import BUILD
from tests.chaos.report import record

KILLS = 20
LONGEST_RUN_SECONDS = 9.0
PATIENCE_SECONDS = 240.0
SEED = 1
STATE = BUILD / "killed"


class Writer:
    """A client that puts small objects and items as fast as it may, and keeps what was acknowledged."""

    def __init__(self, cloud: ChaosCloud, life: int) -> None:
        self._cloud = cloud
        self._prefix = f"promises/{life}"
        self._bucket = cloud.outputs["RawBucketName"]
        self._over = threading.Event()
        self.objects: list[tuple[str, str]] = []
        self.messages: list[str] = []
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        s3, sqs = self._cloud.client("s3"), self._cloud.client("sqs")
        with contextlib.suppress(BotoCoreError, ClientError):
            queue = sqs.create_queue(QueueName="promises")["QueueUrl"]
            number = 0
            while not self._over.wait(0.02):
                number += 1
                key = f"{self._prefix}/{number}"
                version = s3.put_object(Bucket=self._bucket, Key=key, Body=key.encode())["VersionId"]
                self.objects.append((key, version))
                sqs.send_message(QueueUrl=queue, MessageBody=key)
                self.messages.append(key)


def kept(cloud: ChaosCloud, writer: Writer) -> None:
    """Every promise of the life before is still true."""
    s3, sqs, bucket = cloud.client("s3"), cloud.client("sqs"), cloud.outputs["RawBucketName"]
    for key, version in writer.objects:
        body = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
        assert body == key.encode()
    if not writer.messages:
        return
    queue, found = sqs.get_queue_url(QueueName="promises")["QueueUrl"], set()
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found |= {message["Body"] for message in messages}
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert set(writer.messages) <= found


def test_nothing_acknowledged_is_lost_by_kill_9_at_random_moments(cdk_out: Path):
    shutil.rmtree(STATE, ignore_errors=True)  # and kept after a failure, to be looked at
    chance = random.Random(SEED)
    uploads: dict[int, Upload] = {}
    writer: Writer | None = None
    promises = 0
    for life in range(1, KILLS + 1):
        cloud = ChaosCloud.start(cdk_out, STATE)
        if writer is not None:
            kept(cloud, writer)
            promises += len(writer.objects) + len(writer.messages)
        writer = Writer(cloud, life)
        moment = time.monotonic() + chance.uniform(0.2, LONGEST_RUN_SECONDS)
        if life % 2:
            uploads[life] = cloud.upload(f"life-{life}", datasets.good(life))
        time.sleep(max(0.0, moment - time.monotonic()))
        cloud.running.stop(signal.SIGKILL)
        writer.stop()
    cloud = ChaosCloud.start(cdk_out, STATE)
    # Nobody disturbs the last one: on a slow machine every job before it may have died with its cloud.
    uploads[KILLS + 1] = cloud.upload(f"life-{KILLS + 1}", datasets.good(KILLS + 1))
    try:
        kept(cloud, writer)  # type: ignore[arg-type]
        _every_upload_came_to_its_end(cloud, uploads)
    finally:
        cloud.stop()
    record("kill -9 of the cloud", tried=KILLS, survived=KILLS, promises=promises, uploads=len(uploads))


def _every_upload_came_to_its_end(cloud: ChaosCloud, uploads: dict[int, Upload]) -> None:
    endings: dict[int, Any] = {}
    for life, upload in uploads.items():
        endings[life] = cloud.wait(upload, PATIENCE_SECONDS)
        assert endings[life] is not None, f"life {life}: {_whereabouts(cloud, upload)}"
    outcomes = {life: ending.outcome for life, ending in endings.items()}
    promoted = [life for life, outcome in outcomes.items() if outcome == "Promoted"]
    assert KILLS + 1 in promoted, outcomes
    champion = endings[promoted[-1]].output["training"]["job_name"]
    assert settle(cloud, 60) + violations(cloud, Champion(champion, Line(promoted[-1]))) == [], outcomes


def _whereabouts(cloud: ChaosCloud, upload: Upload) -> str:
    """What became of an upload that did not end."""
    states, arn = cloud.client("stepfunctions"), cloud.execution_arn(upload)
    waiting = {name: cloud.waiting_messages(name) for name in ("UploadQueueUrl", "DeadLetterQueueUrl")}
    try:
        events = states.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=3)["events"]
    except states.exceptions.ExecutionDoesNotExist:
        return f"it was not started; messages: {waiting}"
    return f"it goes on: {[(event['type'], event['timestamp'].isoformat()) for event in events]}"
