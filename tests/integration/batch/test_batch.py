"""A file under batch/ of a deployed pipeline, answered by its champion in the container that serves."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import threading
import time

import pytest

from tests.chaos import datasets
from tests.chaos.cloud import NAMES, ChaosCloud
from tests.chaos.project import TINY, assembly

PATIENCE_SECONDS = 300.0
GOOD = 250


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    out = assembly(TINY + '\n[batch]\nstages = ["dev"]\npayload_mb = 1\n')
    with_batch = ChaosCloud.start(out, tmp_path_factory.mktemp("batch") / "state")
    try:
        ending = with_batch.wait(with_batch.upload("first", datasets.good(1)), PATIENCE_SECONDS)
        assert ending is not None
        assert ending.outcome == "Promoted", ending
        yield with_batch
    finally:
        with_batch.stop()


def rows(count=GOOD):
    """Rows with an identifier that holds a comma, and the model's columns in another order than its own."""
    return [
        [f"id {number}, of many", ("left", "right")[number % 2], f"{number / 7:.6f}", f"-0.{number:03d}"]
        for number in range(count)
    ]


def written(table, header=("id", "kind", "second", "first")):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *table])
    return text.getvalue().encode()


def put(cloud, name, content):
    bucket = cloud.outputs["RawBucketName"]
    version = cloud.client("s3").put_object(Bucket=bucket, Key=f"batch/{name}", Body=content)["VersionId"]
    return bucket, f"batch/{name}", version


def ended(cloud, upload, count=1):
    """The endings of so many executions of this upload."""
    states, never = cloud.client("stepfunctions"), threading.Event()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = []
        listed = states.list_executions(stateMachineArn=cloud.outputs["BatchMachineArn"])["executions"]
        for summary in listed:
            execution = states.describe_execution(executionArn=summary["executionArn"])
            detail = json.loads(execution["input"])["detail"]
            if (detail["object"]["key"], detail["object"]["version-id"]) == upload[1:]:
                found.append(execution)
        if len(found) == count and all(e["status"] != "RUNNING" for e in found):
            return found
        never.wait(0.1)
    raise AssertionError(f"{upload} came to no end: {found}")


def document(cloud, uri):
    return json.loads(content(cloud, uri))


def content(cloud, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def asked(cloud, table):
    """The endpoint's own answers to the model's columns, each as text."""
    body = "".join(f"{first},{second},{kind}\n" for _, kind, second, first in table).encode()
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=NAMES.endpoint, ContentType="text/csv", Accept="text/csv", Body=body
    )
    return answer["Body"].read().decode().splitlines()


def result(cloud, name, body):
    (execution,) = ended(cloud, put(cloud, name, body))
    assert execution["status"] == "SUCCEEDED", execution
    output = json.loads(execution["output"])
    return output["result"], document(cloud, output["result"]["manifest_uri"])


def test_every_row_gets_the_endpoints_answer_to_the_last_bit_behind_what_it_came_with(cloud):
    table = rows()
    found, manifest = result(cloud, "whole.csv", written(table))
    assert found["outcome"] == "Predicted", found
    assert (found["rows"], found["predicted_rows"], found["rejected_rows"]) == (GOOD, GOOD, 0)
    (output,) = manifest["outputs"]
    answered = content(cloud, output["uri"])
    assert hashlib.sha256(answered).hexdigest() == output["sha256"]
    lines = list(csv.reader(io.StringIO(answered.decode())))
    assert manifest["columns"] == ["row", "id", "first", "second", "kind", "prediction"]
    assert [line[0] for line in lines] == [str(number) for number in range(1, GOOD + 1)]
    assert [line[1] for line in lines] == [row[0] for row in table]
    assert [line[-1] for line in lines] == asked(cloud, table)


def test_the_manifest_says_which_model_and_which_data_answered_which_bytes(cloud):
    body = written(rows(3))
    _, manifest = result(cloud, "named.csv", body)
    (package,) = [p for p in cloud.packages() if p["ModelPackageArn"] == manifest["model"]["package_arn"]]
    assert package["ModelApprovalStatus"] == "Approved"
    assert manifest["model"]["dataset_version"]
    assert manifest["model"]["model_hash"]
    assert manifest["sha256"] == hashlib.sha256(body).hexdigest()
    assert manifest["rows"] == {"read": 3, "accepted": 3, "rejected": 0}
    assert manifest["transform_job_name"] not in cloud.models()


def test_rows_that_the_endpoint_would_refuse_are_set_aside_with_its_reason_and_the_others_answered(cloud):
    table = rows(6)
    table[1][1] = "sideways"
    table[3][2] = "much"
    table[4] = table[4][:2]
    table[5] = ["id", "kind", "second", "first"]
    found, manifest = result(cloud, "mixed.csv", written(table))
    rejected = len(manifest["first_rejected"])
    assert (found["outcome"], found["rejected_rows"]) == ("Predicted", rejected)
    assert found["predicted_rows"] == 6 - rejected
    reasons = {item["row"]: item["reason"] for item in manifest["first_rejected"]}
    assert "column 'second'" in reasons[4]
    assert "much" in reasons[4]
    assert reasons[5] == "has 2 fields, and the header has 4"
    assert 6 in reasons
    lines = content(cloud, manifest["outputs"][0]["uri"]).decode().splitlines()
    kept = [int(line.partition(",")[0]) for line in lines]
    assert kept == [number for number in range(1, 7) if number not in reasons]
    assert [line.rpartition(",")[2] for line in lines] == asked(cloud, [table[n - 1] for n in kept])
    listed = content(cloud, found["manifest_uri"].replace("manifest.json", "rejected.csv")).decode()
    assert [int(row[0]) for row in list(csv.reader(io.StringIO(listed)))[1:]] == sorted(reasons)


def test_a_packed_file_is_answered_too(cloud):
    found, _ = result(cloud, "packed.csv.gz", gzip.compress(written(rows(5))))
    assert (found["outcome"], found["predicted_rows"]) == ("Predicted", 5)


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("lacking.csv", b"id,first,kind\n1,2,left\n", "the header lacks second"),
        ("headless.csv", b"0.5,1,left\n", "the first line must be a header"),
        ("table.xlsx", b"first,second,kind\n1,2,left\n", "does not end in .csv"),
        ("latin.csv", b"first,second,kind\n1,2,l\xe9ft\n", "not UTF-8"),
        ("broken.csv.gz", b"first,second,kind\n", "can't be unpacked"),
        ("nobody.csv", b"first,second,kind\nx,2,left\n", "no row can be answered; row 1: column 'first'"),
    ],
)
def test_a_file_of_which_nothing_can_be_answered_is_an_outcome_with_a_reason(cloud, name, body, reason):
    found, manifest = result(cloud, name, body)
    assert found["outcome"] == "BatchRejected"
    assert reason in found["reason"]
    assert reason in manifest["reason"]
    assert manifest["outputs"] == []


def test_an_event_that_comes_twice_is_answered_once(cloud):
    upload = put(cloud, "twice.csv", written(rows(2)))
    (first,) = ended(cloud, upload)
    cloud.client("stepfunctions").start_execution(
        stateMachineArn=cloud.outputs["BatchMachineArn"], input=first["input"]
    )
    both = ended(cloud, upload, count=2)
    outputs = [json.loads(execution["output"]) for execution in both]
    assert sorted(output["batch"]["status"] for output in outputs) == ["duplicate", "ready"]
