"""The stream: nothing of it unless pipeline.toml opens it, and then no record can stop a shard."""

from __future__ import annotations

from dataclasses import replace

import aws_cdk as cdk
import cdk_nag
import pytest

from contracts.names import folder_of
from contracts.stream import Stream
from infra_cdk.stages import DEV, PROD
from tests.infrastructure.template import text
from tests.infrastructure.test_access import ALWAYS, with_company

OPEN = Stream(stages=("dev",))
FEATURES = {"sagemaker:BatchGetRecord", "sagemaker:BatchWriteRecord"}
# In the name of AcceptRecords, by the event source mapping.
POLLS = {
    f"kinesis:{action}"
    for action in ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
}


@pytest.fixture(scope="module")
def stream(config, synthesise):
    return synthesise(replace(config, stream=OPEN), DEV)


def test_a_stage_that_is_not_named_has_nothing_of_it(config, synthesise, dev):
    prod = synthesise(replace(config, stream=OPEN), PROD)
    for template in (prod, dev):
        assert not template.of_type("AWS::Kinesis::Stream")
        assert "AcceptRecords" not in str(template.document)


def test_opening_it_changes_nothing_of_what_was_there_but_when_its_own_objects_expire(dev, stream):
    for name, resource in dev.resources.items():
        if resource["Type"] == "AWS::S3::Bucket":
            old, new = (t.resources[name]["Properties"]["LifecycleConfiguration"] for t in (dev, stream))
            assert all(rule in new["Rules"] for rule in old["Rules"])
            added = [rule["Prefix"] for rule in new["Rules"] if rule not in old["Rules"]]
            assert all("stream/" in prefix for prefix in added)
        elif resource["Type"] != "AWS::CloudFormation::CustomResource":
            assert stream.resources[name] == resource, name


def test_a_batch_is_halved_retried_for_a_while_and_given_up_into_the_queue(stream):
    mapping = next(
        p
        for p in stream.properties("AWS::Lambda::EventSourceMapping")
        if p.get("StartingPosition") == "TRIM_HORIZON"
    )
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 0 < mapping["MaximumRecordAgeInSeconds"] < OPEN.retention_hours * 3600
    assert 0 < mapping["MaximumRetryAttempts"] <= 10_000
    assert "Refused" in text(mapping["DestinationConfig"]["OnFailure"]["Destination"])


@pytest.mark.parametrize(("state", "polls"), [("AcceptRecords", POLLS), ("CloseHours", set())])
def test_a_function_may_do_what_its_handler_calls_and_nothing_else(stream, code, state, polls):
    called = code.actions(f"lambdas.{folder_of(state)}.handler.handler")
    granted = stream.actions(stream.role_of(stream.function(state)))
    # Where there are feature groups, it may use them: tests/infrastructure/test_features.py.
    assert not called - granted - FEATURES
    assert not granted - with_company(called) - ALWAYS - polls


def test_each_function_stays_in_its_rooms(stream):
    raw = text(stream.document["Outputs"]["RawBucketName"]["Value"]).strip("<>")
    artifacts = text(stream.document["Outputs"]["ArtifactBucketName"]["Value"]).strip("<>")
    accepting = stream.role_of(stream.function("AcceptRecords"))
    closing = stream.role_of(stream.function("CloseHours"))
    assert stream.allows(
        accepting, "s3:PutObject", f"<{artifacts}.Arn>/stream/events/2026-11-28T14/a.parquet"
    )
    assert not stream.allows(accepting, "s3:PutObject", f"<{raw}.Arn>/incoming/a.csv")
    assert not stream.allows(accepting, "s3:PutObject", f"<{artifacts}.Arn>/stream/hours/a")
    assert stream.allows(closing, "s3:PutObject", f"<{raw}.Arn>/incoming/stream/2026-11-28T14/manifest.json")
    assert not stream.allows(closing, "s3:PutObject", f"<{raw}.Arn>/incoming/a.csv")
    assert not stream.allows(closing, "s3:DeleteObject", f"<{artifacts}.Arn>/stream/hours/a")


def test_the_stream_goes_with_the_stack_and_before_the_teardown(stream):
    (teardown,) = [name for name, r in stream.resources.items() if r["Type"] == "Custom::Teardown"]
    ((name, resource),) = [
        (name, r) for name, r in stream.resources.items() if r["Type"] == "AWS::Kinesis::Stream"
    ]
    assert resource["DeletionPolicy"] == "Delete"
    assert resource["Properties"]["StreamEncryption"]["EncryptionType"] == "KMS"
    assert teardown in stream.needs(name)


def test_cdk_nag_finds_nothing_but_what_is_acknowledged_with_a_reason(config, build):
    app = build(replace(config, stream=OPEN), DEV).node.root
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    app.synth()
