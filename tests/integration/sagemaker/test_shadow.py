"""A shadow variant in the embedded cloud, by boto3 alone: it gets copies, and no caller waits for it."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.integration.sagemaker.account import BUCKET, until

SLEEP_MS = 1000


@pytest.fixture(scope="module")
def words(account):
    """The predictions of `lit` and `dim`; an endpoint that serves lit, with dim in its shadow."""
    said = account.config("lit", "lit"), account.config("dim", "dim")
    lit = account.sagemaker.describe_endpoint_config(EndpointConfigName="lit")
    (variant,) = lit["ProductionVariants"]
    account.sagemaker.create_endpoint_config(
        EndpointConfigName="both",
        ProductionVariants=[variant],
        ShadowProductionVariants=[
            {**variant, "VariantName": "Shadow", "ModelName": "dim", "InitialInstanceCount": 1}
        ],
        DataCaptureConfig=lit["DataCaptureConfig"],
    )
    account.sagemaker.create_endpoint(EndpointName="shadowed", EndpointConfigName="lit")
    account.settle("shadowed")
    return said


def move(account, config):
    account.sagemaker.update_endpoint(EndpointName="shadowed", EndpointConfigName=config)
    assert account.settle("shadowed")["EndpointConfigName"] == config


def p99_seconds(account, count=100):
    """The slowest but one of so many requests, sent one after the other."""
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        account.ask("shadowed")
        taken.append(time.perf_counter() - began)
    return sorted(taken)[-2]


def captured(account, variant):
    s3 = account.client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"capture/shadowed/{variant}/").get("Contents", [])
    texts = [s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read().decode() for one in found]
    lines = [json.loads(line) for text in texts for line in text.splitlines()]
    return {
        line["eventMetadata"]["inferenceId"]: line["captureData"]["endpointOutput"]["data"]
        for line in lines
        if "inferenceId" in line["eventMetadata"]
    }


def test_pairs_of_answers_are_captured_by_inference_id_and_callers_see_one_of_each(account, words):
    lit, dim = words
    move(account, "both")
    described = account.sagemaker.describe_endpoint(EndpointName="shadowed")
    assert [one["VariantName"] for one in described["ShadowProductionVariants"]] == ["Shadow"]
    runtime = account.client("sagemaker-runtime")
    for number in range(20):
        answer = runtime.invoke_endpoint(
            EndpointName="shadowed", Body=b"1,2", ContentType="text/csv", InferenceId=f"id-{number}"
        )
        assert answer["InvokedProductionVariant"] == "AllTraffic"
        assert answer["Body"].read().decode().startswith(lit)
    until(lambda: len(captured(account, "Shadow")) == 20 or None)
    until(lambda: len(captured(account, "AllTraffic")) == 20 or None)
    pairs = captured(account, "AllTraffic")
    shadows = captured(account, "Shadow")
    assert set(pairs) == set(shadows) == {f"id-{number}" for number in range(20)}
    assert all(answer.startswith(lit) for answer in pairs.values())
    assert all(answer.startswith(dim) for answer in shadows.values())


def test_callers_of_a_shadow_that_sleeps_a_second_wait_as_long_as_without_it(account, words):
    move(account, "lit")
    without = p99_seconds(account)
    move(account, "both")
    account.faults.put({"delay_ms": SLEEP_MS}, model="dim")
    beside = p99_seconds(account)
    account.faults.clear()
    assert beside < without + SLEEP_MS / 2000, f"p99 {beside:.3f} s beside {without:.3f} s without"


def test_a_shadow_that_fails_costs_no_caller_a_request(account, words):
    lit, _ = words
    move(account, "both")
    account.faults.put({"error_share": 1.0}, model="dim")
    load = account.load("shadowed", 100, 3)
    sent, answers = load.result()
    account.faults.clear()
    assert answers == {lit: sent}
    statistics = account.client("cloudwatch").get_metric_statistics

    def errors(variant):
        dimensions = [
            {"Name": "EndpointName", "Value": "shadowed"},
            {"Name": "VariantName", "Value": variant},
        ]
        found = statistics(
            Namespace="AWS/SageMaker",
            MetricName="Invocation5XXErrors",
            Dimensions=dimensions,
            StartTime=0,
            EndTime="2100-01-01",
            Period=86_400 * 365,
            Statistics=["Sum"],
        )
        return sum(point["Sum"] for point in found["Datapoints"])

    assert until(lambda: errors("Shadow") >= sent or None)
    assert errors("AllTraffic") == 0


def test_batches_replace_no_fleet_with_a_shadow(account, words):
    move(account, "both")
    rolling = {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 0}
    with pytest.raises(ClientError, match="not supported for endpoints with shadow variants"):
        account.sagemaker.update_endpoint(
            EndpointName="shadowed",
            EndpointConfigName="lit",
            DeploymentConfig={"RollingUpdatePolicy": rolling},
        )
