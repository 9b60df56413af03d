"""One upload starts one execution, however often it is announced."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from contracts.errors import ServiceBusyError, UploadEventError
from contracts.settings import StartExecutionSettings
from lambdas.aws import executions
from lambdas.start_execution.handler import handler
from lambdas.uploads import Upload
from tests.unit.lambdas.conftest import Context, set_environment

EVENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "events" / "upload_object_created.json").read_text(encoding="utf-8")
)
DEAD_LETTERS = "housing-dev-dead-letters"
BODY: str = EVENT["Records"][0]["body"]


def event_with(*bodies: str) -> dict[str, Any]:
    records = [{**EVENT["Records"][0], "messageId": f"m{i}", "body": body} for i, body in enumerate(bodies)]
    return {"Records": records}


def body_with(**changes: str | None) -> str:
    body = json.loads(BODY)
    thing = body["detail"]["object"]
    thing.update({key.replace("_", "-"): value for key, value in changes.items()})
    body["detail"]["object"] = {key: value for key, value in thing.items() if value is not None}
    return json.dumps(body)


@pytest.fixture
def machine_arn(aws: None, monkeypatch: pytest.MonkeyPatch) -> str:
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
    created = boto3.client("stepfunctions").create_state_machine(
        name="housing-dev-pipeline",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::111122223333:role/states",
    )
    arn = str(created["stateMachineArn"])
    settings = StartExecutionSettings(
        state_machine_arn=arn,
        dead_letter_queue_url=boto3.client("sqs").create_queue(QueueName=DEAD_LETTERS)["QueueUrl"],
        max_receives="5",
        metric_namespace="Greenlight/x",
    )
    set_environment(monkeypatch, settings)
    return arn


def dead_letters() -> list[tuple[str, str]]:
    """Body and reason of each letter."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"]
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return [
        (message["Body"], message["MessageAttributes"]["reason"]["StringValue"])
        for message in answer.get("Messages", [])
    ]


def started(arn: str) -> list[dict[str, Any]]:
    states = boto3.client("stepfunctions")
    found = states.list_executions(stateMachineArn=arn)["executions"]
    described = [states.describe_execution(executionArn=execution["executionArn"]) for execution in found]
    return [json.loads(execution["input"]) for execution in described]


def test_an_upload_starts_an_execution_with_bucket_key_and_version(
    machine_arn: str, context: Context
) -> None:
    assert handler(copy.deepcopy(EVENT), context) == {"batchItemFailures": []}
    assert started(machine_arn) == [
        {
            "bucket": "housing-dev-raw-111122223333-us-east-1",
            "key": "incoming/housing 2026 (Q4)+å.csv",
            "versionId": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
            "sequencer": "00617F08299329D189",
        }
    ]


def test_the_same_event_ten_times_starts_one_execution(machine_arn: str, context: Context) -> None:
    assert handler(event_with(*[BODY] * 10), context) == {"batchItemFailures": []}
    assert len(started(machine_arn)) == 1


def test_a_name_that_was_taken_before_is_a_duplicate_and_no_failure(
    machine_arn: str, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "start", lambda *_: False)
    assert handler(event_with(BODY), context) == {"batchItemFailures": []}


def test_a_new_version_of_the_object_starts_another_execution(machine_arn: str, context: Context) -> None:
    handler(event_with(BODY, body_with(version_id="v2")), context)
    assert len(started(machine_arn)) == 2


@pytest.mark.parametrize(
    "key",
    [
        "other/housing.csv",
        "other/june/manifest.json",
        "incoming/notes.txt",
        "incoming/csv",
        "incoming/manifest.json",
        "incoming/june/parts/a.csv",
        "incoming/june/parts/more/a.parquet",
        "incoming/june/parts/manifest.json",
        "incoming/june/old-manifest.json",
        "incoming/_temporary/0/part-0.csv",
        "incoming/june/_temporary/part-0.csv",
        "incoming/_housing.csv",
        "incoming/.housing.csv.swp",
        "incoming/.csv",
        "housing.csv",
    ],
)
def test_other_objects_start_nothing(machine_arn: str, context: Context, key: str) -> None:
    assert handler(event_with(body_with(key=key)), context) == {"batchItemFailures": []}
    assert started(machine_arn) == []


@pytest.mark.parametrize(
    "name",
    [
        "HOUSING.CSV",
        "a.csv.gz",
        "a.parquet",
        "A.Csv.Gz",
        "PART.CSV.gz",
        "mixed.Csv",
        "a.TSV",
        "june/a.csv",
        "parts/a.csv",
        "june/manifest.json",
        "2026/june/manifest.json",
    ],
)
def test_every_form_that_ingest_reads_is_wanted_in_whatever_case(name: str) -> None:
    assert Upload.from_message(body_with(key=f"incoming/{name}")).is_wanted


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not json", "not JSON"),
        ("[]", "no detail"),
        ("{}", "no detail"),
        (json.dumps({"detail": {"bucket": {"name": "b"}}}), "no object"),
        (body_with(version_id=None), "versioning"),
        (body_with(key=""), "detail.object.key"),
    ],
)
def test_a_malformed_event_alone_is_laid_down_with_its_reason(
    machine_arn: str, context: Context, body: str, reason: str
) -> None:
    assert handler(event_with(body, BODY), context) == {"batchItemFailures": []}
    assert len(started(machine_arn)) == 1
    ((letter, told),) = dead_letters()
    assert letter == body
    assert told.startswith("UploadEventError: ")
    assert reason in told
    with pytest.raises(UploadEventError, match=reason):
        Upload.from_message(body)


def test_a_busy_service_leaves_the_message_on_the_queue(
    machine_arn: str, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> bool:
        raise ServiceBusyError("SFN StartExecution answered ThrottlingException")

    monkeypatch.setattr(executions, "start", busy)
    assert handler(event_with(BODY), context) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert dead_letters() == []


def test_the_last_delivery_that_fails_is_laid_down_with_its_reason(
    machine_arn: str, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> bool:
        raise ServiceBusyError("SFN StartExecution answered ThrottlingException")

    monkeypatch.setattr(executions, "start", busy)
    event = copy.deepcopy(event_with(BODY))
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "5"
    assert handler(event, context) == {"batchItemFailures": []}
    assert dead_letters() == [(BODY, "ServiceBusyError: SFN StartExecution answered ThrottlingException")]


def test_where_the_dead_letters_cannot_be_reached_sqs_keeps_the_message(
    machine_arn: str, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = boto3.client("sqs").get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"]
    boto3.client("sqs").delete_queue(QueueUrl=url)
    assert handler(event_with("{}"), context) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


@pytest.mark.parametrize("key", ["incoming/.csv", f"incoming/{'ä' * 300}.csv", "incoming/a/b c.csv", BODY])
def test_every_key_gives_a_name_that_step_functions_takes(key: str) -> None:
    name = Upload(bucket="b", key=key, version_id="v", sequencer="").execution_name
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name)


def test_a_dataset_in_parts_is_named_after_its_folder() -> None:
    upload = Upload(bucket="b", key="incoming/June 26/manifest.json", version_id="v", sequencer="")
    assert upload.execution_name.startswith("June-26-")


def test_the_name_tells_keys_apart_that_look_alike() -> None:
    names = {
        Upload(bucket="b", key=key, version_id="v", sequencer="").execution_name
        for key in ("incoming/a b.csv", "incoming/a-b.csv", "incoming/x/a-b.csv")
    }
    assert len(names) == 3


def test_metrics_are_printed_without_dimensions(
    machine_arn: str, context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    handler(event_with(BODY), context)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metric = next(line for line in lines if "_aws" in line)
    assert metric["UploadsStarted"] == [1.0]
    (spec,) = metric["_aws"]["CloudWatchMetrics"]
    assert (spec["Namespace"], spec["Dimensions"]) == ("Greenlight/x", [[]])


def test_where_versioning_is_suspended_each_upload_is_one_by_itself() -> None:
    first, again, next_ = (
        Upload.from_message(body_with(version_id="null", sequencer=sequencer, etag=etag))
        for sequencer, etag in (("01", "a"), ("01", "a"), ("02", "b"))
    )
    assert first.execution_name == again.execution_name
    assert first.execution_name != next_.execution_name


def test_dots_are_a_folders_name_like_any_other() -> None:
    assert Upload.from_message(body_with(key="incoming/a/../../etc/housing.csv")).is_wanted
