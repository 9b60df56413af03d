"""An upload without an execution is counted once it should have had one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from contracts.settings import CheckUploadsSettings
from lambdas.check_uploads.handler import GRACE, WINDOW, handler
from lambdas.uploads import Upload
from tests.unit.lambdas.conftest import ACCOUNT, REGION, Context, set_environment

DUE = GRACE + timedelta(minutes=1)


@pytest.fixture
def machine(aws: None, monkeypatch: pytest.MonkeyPatch) -> str:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="raw")
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    made = boto3.client("stepfunctions").create_state_machine(
        name="housing-dev", definition=json.dumps(definition), roleArn=f"arn:aws:iam::{ACCOUNT}:role/machine"
    )
    arn = str(made["stateMachineArn"])
    settings = CheckUploadsSettings(raw_bucket_name="raw", state_machine_arn=arn, metric_namespace="x")
    set_environment(monkeypatch, settings)
    assert REGION in arn
    return arn


def put(key: str) -> Upload:
    version = boto3.client("s3").put_object(Bucket="raw", Key=key, Body=b"a")["VersionId"]
    return Upload(bucket="raw", key=key, version_id=version, sequencer="")


def lost(context: Context, after: timedelta) -> list[Any]:
    now = datetime.now(UTC) + after
    found: list[Any] = handler({"time": now.strftime("%Y-%m-%dT%H:%M:%SZ")}, context)["lost"]
    return found


def test_of_two_versions_the_one_without_an_execution_is_lost(
    machine: str, context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    started, forgotten = put("incoming/a.csv"), put("incoming/a.csv")
    boto3.client("stepfunctions").start_execution(stateMachineArn=machine, name=started.execution_name)
    assert lost(context, DUE) == [{"key": "incoming/a.csv", "versionId": forgotten.version_id}]
    assert '"UploadsLost":[1.0]' in capsys.readouterr().out.replace(" ", "")


def test_nothing_is_lost_that_may_yet_start_or_is_long_past(machine: str, context: Context) -> None:
    put("incoming/a.csv")
    assert lost(context, timedelta(minutes=1)) == []
    assert lost(context, WINDOW + timedelta(minutes=1)) == []


def test_what_starts_nothing_is_no_upload(machine: str, context: Context) -> None:
    for key in ("incoming/notes.txt", "incoming/_temporary/a.csv", "elsewhere/a.csv"):
        put(key)
    assert lost(context, DUE) == []


def test_a_version_that_somebody_deleted_is_missed_by_nobody(machine: str, context: Context) -> None:
    upload = put("incoming/a.csv")
    boto3.client("s3").delete_object(Bucket="raw", Key=upload.key, VersionId=upload.version_id)
    assert lost(context, DUE) == []
