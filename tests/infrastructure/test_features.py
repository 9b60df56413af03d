"""Feature groups: nothing of them unless pipeline.toml has some; read by the front, written by the stream."""

from __future__ import annotations

from dataclasses import replace

import aws_cdk as cdk
import cdk_nag
import pytest

from contracts.feature_groups import Aggregate, FeatureGroup
from contracts.front import Front
from contracts.names import folder_of
from contracts.stream import Stream
from infra_cdk.stages import DEV, PROD
from tests.infrastructure.template import text
from tests.infrastructure.test_access import ALWAYS, with_company
from tests.infrastructure.test_stream import POLLS

BOTH = ("dev", "prod")
GROUP = FeatureGroup(
    name="houses",
    entity="house",
    stages=BOTH,
    features=("median_income", "ocean_proximity"),
    aggregates=(Aggregate(name="rooms_mean", function="mean", column="total_rooms", window_seconds=60),),
    ttl_hours=48,
)


@pytest.fixture(scope="module")
def opened(config):
    return replace(config, stream=Stream(stages=BOTH), front=Front(stages=BOTH), feature_groups=(GROUP,))


@pytest.fixture(scope="module")
def features(opened, synthesise):
    return synthesise(opened, DEV)


def test_without_groups_there_is_nothing_of_them(dev):
    assert not dev.of_type("AWS::SageMaker::FeatureGroup")
    assert "features/" not in str(dev.document)


def test_a_group_is_online_and_offline_with_the_pipelines_key_and_the_definitions_version(features):
    (group,) = features.properties("AWS::SageMaker::FeatureGroup")
    assert group["FeatureGroupName"] == "housing-dev-houses-v1"
    kinds = {one["FeatureName"]: one["FeatureType"] for one in group["FeatureDefinitions"]}
    assert kinds == {
        "house": "String",
        "greenlight_event_time": "Fractional",
        "greenlight_last_event": "Fractional",
        "greenlight_recent": "String",
        "total_rooms": "Fractional",
        "median_income": "Fractional",
        "ocean_proximity": "String",
        "rooms_mean": "Fractional",
    }
    online, offline = group["OnlineStoreConfig"], group["OfflineStoreConfig"]
    assert online["TtlDuration"] == {"Unit": "Hours", "Value": 48}
    keys = [online["SecurityConfig"]["KmsKeyId"], offline["S3StorageConfig"]["KmsKeyId"]]
    assert all("Key" in text(key) for key in keys)
    assert text(offline["S3StorageConfig"]["S3Uri"]).endswith("/features")


@pytest.mark.parametrize(("state", "more"), [("AcceptRecords", POLLS), ("Predict", set())])
def test_a_function_may_do_what_its_handler_calls_and_nothing_else(features, code, state, more):
    called = code.actions(f"lambdas.{folder_of(state)}.handler.handler")
    granted = features.actions(features.role_of(features.function(state)))
    assert not called - granted
    assert not granted - with_company(called) - ALWAYS - more - {"kms:Decrypt"}


def test_the_front_reads_its_groups_and_writes_none(features):
    predicting = features.role_of(features.function("Predict"))
    accepting = features.role_of(features.function("AcceptRecords"))
    arn = "arn:<AWS::Partition>:sagemaker:<AWS::Region>:<AWS::AccountId>:feature-group/housing-dev-houses-v1"
    for role, action, may in (
        (predicting, "BatchGetRecord", True),
        (predicting, "BatchWriteRecord", False),
        (accepting, "BatchWriteRecord", True),
    ):
        assert features.allows(role, f"sagemaker:{action}", arn) is may
        assert not features.allows(role, f"sagemaker:{action}", arn.replace("houses", "others"))


def test_a_group_goes_by_the_stages_rule_and_before_the_bucket_is_emptied(opened, synthesise, features):
    (teardown,) = [name for name, r in features.resources.items() if r["Type"] == "Custom::Teardown"]
    ((name, group),) = features.of_type("AWS::SageMaker::FeatureGroup").items()
    assert group["DeletionPolicy"] == "Delete"
    assert teardown in features.needs(name)
    (mapping,) = [
        name
        for name, resource in features.of_type("AWS::Lambda::EventSourceMapping").items()
        if resource["Properties"].get("StartingPosition")
    ]
    assert name in features.needs(mapping)
    prod = synthesise(opened, PROD)
    (kept,) = prod.of_type("AWS::SageMaker::FeatureGroup").values()
    assert kept["DeletionPolicy"] != "Delete"


def test_cdk_nag_finds_nothing_but_what_is_acknowledged_with_a_reason(opened, build):
    app = build(opened, DEV).node.root
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    app.synth()
