"""Uploads that break the contract: each ends as an outcome with a message, and harms nothing."""

import io
import json
import zipfile

import pytest

from localcloud.commands.housing import HEADER, generate

GOOD = generate(row_count=600).decode().splitlines()
REJECTION_STATES = {
    "IsRollback",
    "CheckPreconditions",
    "FindEndpointRole",
    "IsEndpointLost",
    "IsInParts",
    "IngestData",
    "IsDatasetAccepted",
    "NotifyDatasetRejected",
    "DatasetRejected",
}


def lines(*, header=None, rows=None):
    return ("\n".join([header or GOOD[0], *(GOOD[1:] if rows is None else rows)]) + "\n").encode()


def without(column):
    index = HEADER.index(column)
    return lines(header=drop(GOOD[0], index), rows=[drop(row, index) for row in GOOD[1:]])


def drop(line, index):
    cells = line.split(",")
    return ",".join(cells[:index] + cells[index + 1 :])


def replaced(column, value, every=10):
    index, rows = HEADER.index(column), []
    for number, row in enumerate(GOOD[1:]):
        cells = row.split(",")
        if number % every == 0:
            cells[index] = value
        rows.append(",".join(cells))
    return lines(rows=rows)


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("housing.csv", "\n".join(GOOD))
    return file.getvalue()


renamed = GOOD[0].replace("population", "people")
BAD = {
    "a missing column": (without("population"), ["population", "missing"]),
    "an extra column": (lines(header=GOOD[0] + ",x", rows=[r + ",1" for r in GOOD[1:]]), ["x"]),
    "two header faults at once": (lines(header=renamed), ["population", "people"]),
    "text in a number": (replaced("population", "many"), ["population", "many", "60"]),
    "a value out of range": (replaced("latitude", "123"), ["latitude", "123", "60"]),
    "a category never declared": (replaced("ocean_proximity", "MARS"), ["ocean_proximity", "MARS", "60"]),
    "a missing value": (replaced("population", ""), ["population", "60"]),
    "infinity": (replaced("population", "inf"), ["population", "inf"]),
    "a constant target": (replaced("median_house_value", "100000", every=1), ["median_house_value"]),
    "too few rows": (lines(rows=GOOD[1:30]), ["29", "500"]),
    "a header only": (lines(rows=[]), ["no rows"]),
    "semicolons": (lines().replace(b",", b";"), ["semicolons"]),
    "bytes that are not UTF-8": (lines() + b"\xff\xfe\xfa,1\n", ["UTF-8"]),
    "zero bytes": (b"", ["empty"]),
    "a zip": (zipped(), ["zip"]),
    "HTML": (b"<!DOCTYPE html><html><body>not found</body></html>\n" * 20, ["HTML"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(pipeline):
    """URL of a queue that hears what the topic tells operators."""
    sqs, sns = pipeline.cloud.client("sqs"), pipeline.cloud.client("sns")
    url = sqs.create_queue(QueueName="operators")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=pipeline.outputs["AlarmTopicArn"], Protocol="sqs", Endpoint=arn)
    return url


@pytest.fixture(scope="module")
def uploads(pipeline, told):
    """Every bad file, uploaded at once: key and version by name."""
    made = {}
    for number, (name, (content, _)) in enumerate(BAD.items()):
        key = f"incoming/bad-{number}.csv"
        made[name] = key, pipeline.upload(key, content)
    return made


@pytest.mark.parametrize("name", BAD)
def test_a_bad_upload_is_rejected_with_a_message_that_says_what_and_where(pipeline, uploads, name):
    key, version_id = uploads[name]
    execution = pipeline.outcome(key, version_id)
    assert execution.status == "SUCCEEDED", execution.cause
    assert execution.outcome == "DatasetRejected"
    message = execution.output["reason"]
    for part in BAD[name][1]:
        assert part in message
    assert "Traceback" not in message
    assert {state.name for state in execution.states} == REJECTION_STATES
    head = pipeline.s3.head_object(Bucket=pipeline.outputs["RawBucketName"], Key=key, VersionId=version_id)
    assert head["ContentLength"] == len(BAD[name][0])


def test_operators_are_told_of_each_rejection(pipeline, uploads, told):
    for key, version_id in uploads.values():
        pipeline.outcome(key, version_id)
    sqs = pipeline.cloud.client("sqs")
    heard: set[str] = set()
    while len(heard) < len(uploads):
        answer = sqs.receive_message(QueueUrl=told, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        assert answer.get("Messages"), f"only {sorted(heard)} were told of"
        for message in answer["Messages"]:
            heard.add(json.loads(json.loads(message["Body"])["Message"])["key"])
    assert heard == {key for key, _ in uploads.values()}


@pytest.mark.parametrize("key", ["elsewhere/housing.csv", "incoming/readme.txt", "housing.csv", "incoming/"])
def test_an_object_outside_the_agreed_place_or_form_starts_nothing(pipeline, key):
    pipeline.upload(key, lines())
    marker = "incoming/after-the-others.csv"
    version_id = pipeline.upload(marker, b"")
    pipeline.outcome(marker, version_id)  # once this one has run, the one before it would have started
    inputs = [
        json.loads(pipeline.states.describe_execution(executionArn=item["executionArn"])["input"])
        for item in pipeline.states.list_executions(stateMachineArn=pipeline.outputs["StateMachineArn"])[
            "executions"
        ]
    ]
    assert key not in [given["key"] for given in inputs]
