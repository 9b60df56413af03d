"""A deployment is started once, under the lease, with alarms on the green fleet alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from contracts import metrics
from contracts.deployment import DeploymentPolicy
from contracts.errors import EndpointBusyError, FleetTooSmallError, LeaseLostError
from contracts.names import VARIANT_NAME
from contracts.reading import Table
from contracts.settings import DeployModelSettings
from lambdas.aws.leases import LeaseTable
from lambdas.deploy_model import plan
from lambdas.deploy_model.handler import handler
from lambdas.deployments.guards import fingerprint
from lambdas.deployments.lease import Lease
from tests.unit import documents
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeCloudWatch, FakeSageMaker, refused

JOB = "housing-dev-0123456789abcdef"
OLD = "housing-dev-fedcba9876543210"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1"


def policy_with(**changes: object) -> DeploymentPolicy:
    values = {
        "strategy": "canary",
        "instance_count": 4,
        "canary_percent": 25,
        "baking_seconds": 600,
        "alarm_period_seconds": 60,
        "termination_wait_seconds": 60,
        "capture_share": 0.2,
    }
    return DeploymentPolicy.read(Table({**values, **changes}, "pipeline.toml"))


Configure = Callable[..., LeaseTable]


@pytest.fixture
def configure(aws: None, monkeypatch: pytest.MonkeyPatch) -> Configure:
    def apply(policy: DeploymentPolicy, network: str = "") -> LeaseTable:
        set_environment(
            monkeypatch,
            DeployModelSettings(
                endpoint_name="housing-dev",
                endpoint_role_arn="arn:aws:iam::111122223333:role/endpoint",
                endpoint_key_arn=KEY,
                endpoint_network=network,
                capture_uri="s3://artifacts/capture",
                lease_table_name="leases",
                rollback_alarm_prefix="housing-dev-green-",
                alarm_topic_arn="arn:aws:sns:us-east-1:111122223333:housing-dev-alarms",
                metric_namespace="Greenlight/housing-dev",
                deployment_policy=json.dumps(asdict(policy)),
                resource_tags='{"greenlight:pipeline": "housing", "greenlight:stage": "dev"}',
            ),
        )
        boto3.client("dynamodb").create_table(
            TableName="leases",
            KeySchema=[{"AttributeName": "endpoint_name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "endpoint_name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        table = LeaseTable("leases", "housing-dev")
        table.change(lambda _: (Lease(token=7, holder="me", held_until=1), None))
        return table

    return apply


EVENT: dict[str, Any] = {
    "execution_name": "housing-1",
    "holder": "me",
    "now": "2026-11-22T02:50:00Z",
    "training": {"job_name": JOB},
    "registration": {
        **documents.REGISTRATION.as_document(),
        "model_hash": "",
        "serving_image_uri": "111122223333.dkr.ecr.us-east-1.amazonaws.com/r@sha256:ab",
        "model_data_uri": "s3://artifacts/training/model.tar.gz",
    },
    "lease": documents.LEASE.as_document(),
    "is_rollback": False,
}


def test_the_first_model_creates_the_endpoint(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    answer = handler(EVENT, context)
    assert sagemaker.endpoint == {"EndpointStatus": "Creating", "EndpointConfigName": JOB}
    assert (sagemaker.models, sagemaker.configs) == ([JOB], [JOB])
    assert answer == {
        "endpoint_name": "housing-dev",
        "config_name": JOB,
        "previous_config_name": "",
        "alarm_prefix": f"housing-dev-green-{JOB}-",
        "check_after_seconds": 60,
        "started_at": EVENT["now"],
        "guards": {name: fingerprint(alarm) for name, alarm in cloudwatch.alarms.items()},
        "exempt": "a first deployment",
        "watch": {"min_green_requests": 20, "evidence_wait_seconds": 300, "when_unproven": "promote"},
    }


def size_of(sagemaker: FakeSageMaker) -> Any:
    (update,) = sagemaker.requests("UpdateEndpoint")
    routing = update["DeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    return routing.get("CanarySize", routing.get("LinearStepSize", {"Value": routing["Type"]}))["Value"]


def excluded_of(sagemaker: FakeSageMaker) -> set[str]:
    (update,) = sagemaker.requests("UpdateEndpoint")
    assert update["RetainAllVariantProperties"] is True
    return {item["VariantPropertyType"] for item in update["ExcludeRetainedVariantProperties"]}


def serving(sagemaker: FakeSageMaker, instances: int, configured: int = 4) -> None:
    sagemaker.in_service(OLD)
    assert sagemaker.endpoint is not None
    sagemaker.endpoint["ProductionVariants"] = [{"DesiredInstanceCount": instances}]
    sagemaker.configs, sagemaker.configured_count = [OLD], configured


def test_a_fleet_that_was_scaled_keeps_its_size_and_its_capture_follows_the_config(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    serving(sagemaker, 7)
    handler(EVENT, context)
    assert excluded_of(sagemaker) == {"DataCaptureConfig"}


def test_a_count_that_the_policy_changed_on_purpose_is_what_the_fleet_gets(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with(instance_count=8))
    serving(sagemaker, 7, configured=4)
    handler(EVENT, context)
    assert excluded_of(sagemaker) == {"DataCaptureConfig", "DesiredInstanceCount"}


@pytest.mark.parametrize(
    ("changes", "instances", "expected"),
    [
        ({"canary_percent": 0, "canary_instances": 2}, 10, 2),
        ({"canary_percent": 0, "canary_instances": 2}, 3, 1),
        ({"strategy": "linear", "linear_step_instances": 1}, 40, 4),
        ({"strategy": "linear", "linear_step_instances": 2}, 2, 1),
        ({}, 1, "ALL_AT_ONCE"),
    ],
)
def test_sizes_are_those_of_the_fleet_as_it_is(
    configure: Configure,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    context: Context,
    changes: dict[str, object],
    instances: int,
    expected: object,
) -> None:
    configure(policy_with(**{"max_execution_seconds": 7200, **changes}))
    serving(sagemaker, instances)
    handler(EVENT, context)
    assert size_of(sagemaker) == expected


def test_a_fleet_of_one_is_refused_where_the_policy_says_so_and_nothing_is_made(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with(single_instance="refuse"))
    serving(sagemaker, 1)
    with pytest.raises(FleetTooSmallError, match="has 1 instance"):
        handler(EVENT, context)
    assert (sagemaker.models, sagemaker.configs, cloudwatch.alarms) == ([], [OLD], {})


def test_a_rollback_by_hand_waits_for_no_proof(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    sagemaker.in_service(OLD)
    assert handler({**EVENT, "is_rollback": True}, context)["exempt"] == "a rollback by hand"
    assert plan.exemption(OLD, is_rollback=False) == ""


def test_a_deployment_of_an_execution_that_knows_no_way_home_is_watched_by_sagemaker_alone(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    """It began before a stack update, and goes on with the definition that it began with."""
    configure(policy_with())
    sagemaker.in_service(OLD)
    answer = handler({key: value for key, value in EVENT.items() if key != "is_rollback"}, context)
    assert not {"guards", "exempt", "watch"} & set(answer)


def test_a_later_model_is_a_canary_watched_by_the_alarms_just_put(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    table = configure(policy_with())
    sagemaker.in_service(OLD)
    assert handler(EVENT, context)["previous_config_name"] == OLD
    (update,) = sagemaker.requests("UpdateEndpoint")
    assert update["DeploymentConfig"]["BlueGreenUpdatePolicy"] == {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 600,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
        },
        "TerminationWaitInSeconds": 60,
        "MaximumExecutionTimeoutInSeconds": 3600,
    }
    watched = update["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    assert [alarm["AlarmName"] for alarm in watched] == list(cloudwatch.alarms)
    assert table.read().held_until > 1


def test_every_alarm_watches_the_green_fleet_alone_and_forgives_missing_data(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    handler(EVENT, context)
    names = [name.removeprefix(f"housing-dev-green-{JOB}-") for name in cloudwatch.alarms]
    assert names == ["error-rate", "latency", "predictions"]
    for alarm in cloudwatch.alarms.values():
        queries = [
            query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query
        ]
        for metric in queries or [alarm]:
            dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
            assert dimensions["EndpointConfigName"] == JOB
            if metric["Namespace"] == metrics.ENDPOINT_NAMESPACE:
                assert dimensions["EndpointName"] == "housing-dev"
                assert dimensions["VariantName"] == VARIANT_NAME
        assert alarm["TreatMissingData"] == "notBreaching"
        assert "docs/runbook.md#" in alarm["AlarmDescription"]


def shift_alarm(cloudwatch: FakeCloudWatch) -> tuple[str, list[str]]:
    """The expression of the alarm on predictions, and the configs whose shift it reads."""
    query, *read = cloudwatch.alarms[f"housing-dev-green-{JOB}-predictions"]["Metrics"]
    configs = [entry["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for entry in read]
    return query["Expression"], configs


def test_predictions_are_compared_with_what_the_old_fleet_makes_of_the_same_requests(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    sagemaker.in_service(OLD)
    handler(EVENT, context)
    expression = "IF(ABS(green) > ABS(blue), ABS(green - blue), 0)"
    assert shift_alarm(cloudwatch) == (expression, [JOB, OLD])


def test_where_no_old_fleet_gets_traffic_predictions_are_judged_by_themselves(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with(strategy="all_at_once"))
    sagemaker.in_service(OLD)
    handler(EVENT, context)
    assert shift_alarm(cloudwatch) == ("ABS(green)", [JOB])


def test_the_bounds_are_the_policys(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    policy = policy_with(max_error_rate_percent=2.5, max_model_latency_us=70_000, max_prediction_shift=1.5)
    configure(policy)
    handler(EVENT, context)
    thresholds = {name.rpartition("-")[2]: a["Threshold"] for name, a in cloudwatch.alarms.items()}
    assert thresholds == {"rate": 2.5, "latency": 70_000.0, "predictions": 1.5}


@pytest.mark.parametrize(
    ("config", "pending"), [(JOB, None), (OLD, JOB)], ids=["already in service", "already under way"]
)
def test_a_second_run_starts_nothing_anew(
    configure: Configure,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    context: Context,
    config: str,
    pending: str | None,
) -> None:
    configure(policy_with())
    if pending:
        sagemaker.updating(config, pending)
    else:
        sagemaker.in_service(config)
    assert handler(EVENT, context)["config_name"] == JOB
    assert [name for name, _ in sagemaker.calls] == ["DescribeEndpoint"]


@pytest.mark.parametrize("served", [None, OLD], ids=["created", "updated"])
def test_a_deployment_that_was_begun_and_its_answer_lost_is_the_one_asked_for(
    configure: Configure,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    served: str | None,
) -> None:
    configure(policy_with())
    if served:
        sagemaker.in_service(served)
    operation = "do_update_endpoint" if served else "do_create_endpoint"
    carry_out = getattr(FakeSageMaker, operation)

    def twice(fake: FakeSageMaker, **request: Any) -> Any:
        carry_out(fake, **request)
        return carry_out(fake, **request)  # as botocore does when the first answer does not come

    monkeypatch.setattr(FakeSageMaker, operation, twice)
    assert handler(EVENT, context)["config_name"] == JOB
    assert sagemaker.endpoint is not None


def test_a_refusal_for_another_reason_is_an_error(
    configure: Configure,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(policy_with())
    sagemaker.in_service(OLD)

    def overtaken(fake: FakeSageMaker, **_: Any) -> Any:
        fake.updating(OLD, "housing-dev-1111111111111111")
        raise refused("ValidationException", "Cannot update in-progress endpoint", "UpdateEndpoint")

    monkeypatch.setattr(FakeSageMaker, "do_update_endpoint", overtaken)
    with pytest.raises(ClientError, match="in-progress"):
        handler(EVENT, context)


def test_what_an_interrupted_run_left_is_used(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    sagemaker.models, sagemaker.configs = [JOB], [JOB]
    handler(EVENT, context)
    assert (sagemaker.models, sagemaker.configs) == ([JOB], [JOB])
    assert sagemaker.endpoint is not None


def test_a_stale_token_never_reaches_the_endpoint(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    sagemaker.in_service(OLD)
    with pytest.raises(LeaseLostError, match="token 6 of me is stale"):
        handler({**EVENT, "lease": {**EVENT["lease"], "token": 6}}, context)
    assert sagemaker.requests("UpdateEndpoint") == []


def test_an_endpoint_that_changes_for_another_config_is_busy(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    sagemaker.updating(OLD, "housing-dev-1111111111111111")
    with pytest.raises(EndpointBusyError, match="Updating"):
        handler(EVENT, context)
    assert cloudwatch.alarms == {}


def test_an_endpoint_whose_creation_failed_is_deleted_before_it_is_created_anew(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    sagemaker.endpoint = {"EndpointStatus": "Failed", "EndpointConfigName": OLD, "FailureReason": "no ping"}
    with pytest.raises(EndpointBusyError, match="no ping"):
        handler(EVENT, context)
    with pytest.raises(EndpointBusyError, match="Deleting"):
        handler(EVENT, context)
    assert handler(EVENT, context)["config_name"] == JOB


def test_the_variant_keeps_its_name_and_captures_data_encrypted(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    handler(EVENT, context)
    (config,) = sagemaker.requests("CreateEndpointConfig")
    (variant,) = config["ProductionVariants"]
    assert (variant["VariantName"], variant["InitialInstanceCount"]) == (VARIANT_NAME, 4)
    capture = config["DataCaptureConfig"]
    assert (capture["EnableCapture"], capture["InitialSamplingPercentage"]) == (True, 20)
    assert config["KmsKeyId"] == capture["KmsKeyId"] == KEY
    assert config["MetricsConfig"]["MetricPublishFrequencyInSeconds"] == 60


def test_the_container_is_told_which_config_it_serves_for(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    handler(EVENT, context)
    (model,) = sagemaker.requests("CreateModel")
    assert model["PrimaryContainer"]["Environment"] == {metrics.CONFIG_VARIABLE: JOB}
    assert "@sha256:" in model["PrimaryContainer"]["Image"]


def test_the_container_is_cut_off_from_every_network(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    handler(EVENT, context)
    (model,) = sagemaker.requests("CreateModel")
    assert model["EnableNetworkIsolation"] is True
    assert "VpcConfig" not in model


def test_a_model_lies_in_the_pipelines_vpc_where_there_is_one(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}
    configure(policy_with(), json.dumps(vpc))
    handler(EVENT, context)
    (model,) = sagemaker.requests("CreateModel")
    assert model["VpcConfig"] == vpc
    assert model["EnableNetworkIsolation"] is True


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"strategy": "all_at_once"}, {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 600}),
        (
            {"strategy": "linear", "linear_step_percent": 50},
            {
                "Type": "LINEAR",
                "WaitIntervalInSeconds": 600,
                "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            },
        ),
        (
            {"canary_percent": 0, "canary_instances": 2},
            {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 600,
                "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 2},
            },
        ),
        (
            {"strategy": "linear", "linear_step_instances": 1},
            {
                "Type": "LINEAR",
                "WaitIntervalInSeconds": 600,
                "LinearStepSize": {"Type": "INSTANCE_COUNT", "Value": 1},
            },
        ),
    ],
)
def test_other_strategies_are_asked_for_as_sagemaker_words_them(
    changes: dict[str, object], expected: dict[str, object]
) -> None:
    request = plan.deployment_request(policy_with(**changes), ["a"], 4)
    assert request["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"] == expected


ROLLING = {"strategy": "rolling", "termination_wait_seconds": 0, "baking_seconds": 600}


def rolling(instances: int, **changes: object) -> dict[str, Any]:
    request = plan.deployment_request(policy_with(**ROLLING, **changes), ["a"], instances)
    assert request["AutoRollbackConfiguration"] == {"Alarms": [{"AlarmName": "a"}]}
    return request


def test_a_rolling_update_is_asked_for_in_whole_instances() -> None:
    assert rolling(4, batch_percent=25)["RollingUpdatePolicy"] == {
        "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
        "WaitIntervalInSeconds": 600,
        "MaximumExecutionTimeoutInSeconds": 4 * 600 + 3 * 600 + 600,
    }
    limited = rolling(4, rollback_batch_percent=50, max_execution_seconds=9000)["RollingUpdatePolicy"]
    assert limited["RollbackMaximumBatchSize"] == {"Type": "INSTANCE_COUNT", "Value": 2}
    assert limited["MaximumExecutionTimeoutInSeconds"] == 9000


def test_a_fleet_of_one_has_no_batches_and_is_replaced_at_once() -> None:
    update = rolling(1)["BlueGreenUpdatePolicy"]
    assert update["TrafficRoutingConfiguration"]["Type"] == "ALL_AT_ONCE"
    with pytest.raises(FleetTooSmallError, match="a rolling deployment can't share"):
        rolling(1, single_instance="refuse")


@pytest.mark.parametrize(
    ("method", "what"),
    [("do_create_endpoint", "endpoint configuration"), ("do_create_endpoint_config", "model")],
)
def test_what_was_made_a_moment_ago_and_is_not_seen_yet_is_tried_again(
    configure: Configure,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    what: str,
) -> None:
    configure(policy_with())

    def not_seen(fake: FakeSageMaker, **_: Any) -> Any:
        raise refused("ValidationException", f'Could not find {what} "{JOB}".', method)

    with monkeypatch.context() as patch:
        patch.setattr(FakeSageMaker, method, not_seen)
        with pytest.raises(EndpointBusyError, match="can't be seen yet"):
            handler(EVENT, context)
    assert handler(EVENT, context)["config_name"] == JOB


def test_everything_that_is_made_says_whose_it_is(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with())
    handler(EVENT, context)
    (model,), (config,), (endpoint,) = (
        sagemaker.requests(name) for name in ("CreateModel", "CreateEndpointConfig", "CreateEndpoint")
    )
    whose = {"greenlight:pipeline": "housing", "greenlight:stage": "dev"}
    made_by = {"greenlight:training-job": JOB, "greenlight:execution": EVENT["execution_name"]}
    for request, expected in ((model, whose | made_by), (config, whose | made_by), (endpoint, whose)):
        assert {tag["Key"]: tag["Value"] for tag in request["Tags"]} == expected


def test_a_local_disk_is_given_no_key(
    configure: Configure, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    configure(policy_with(instance_type="ml.m5d.large"))
    handler(EVENT, context)
    (config,) = sagemaker.requests("CreateEndpointConfig")
    assert "KmsKeyId" not in config
    assert config["DataCaptureConfig"]["KmsKeyId"] == KEY


@pytest.mark.parametrize(
    ("period", "expected"), [(10, 10), (30, 30), (60, 60), (120, 120), (300, 300), (900, 300), (420, 60)]
)
def test_metrics_are_published_at_least_once_per_alarm_period(period: int, expected: int) -> None:
    assert plan.publish_seconds(period) == expected


@pytest.mark.parametrize(("baking", "expected"), [(60, 10), (120, 15), (900, 60)])
def test_a_deployment_is_checked_often_but_not_endlessly(baking: int, expected: int) -> None:
    assert plan.check_after_seconds(policy_with(baking_seconds=baking, metric_delay_seconds=0)) == expected
