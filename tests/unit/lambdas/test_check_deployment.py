"""Baking, done, rolled back and failed are told apart, and the lease is kept alive."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from contracts.errors import LeaseLostError
from contracts.settings import CheckDeploymentSettings
from lambdas.aws.leases import LeaseTable
from lambdas.check_deployment.handler import handler
from lambdas.deployments.guards import fingerprint
from lambdas.deployments.lease import HOLD_SECONDS, Lease
from tests.unit import documents
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeCloudWatch, FakeSageMaker

JOB, OLD = "housing-dev-0123456789abcdef", "housing-dev-fedcba9876543210"
PREFIX = f"housing-dev-green-{JOB}-"
EVENT: dict[str, Any] = {
    "holder": "me",
    "now": "2026-11-22T02:50:00Z",
    "lease": documents.LEASE.as_document(),
    "deployment": {
        "endpoint_name": "housing-dev",
        "config_name": JOB,
        "previous_config_name": OLD,
        "alarm_prefix": PREFIX,
        "check_after_seconds": 10,
        "started_at": "2026-11-22T02:40:00Z",
        "exempt": "",
        "watch": {"min_green_requests": 20, "evidence_wait_seconds": 300, "when_unproven": "reject"},
    },
}
ALARM = {
    "Namespace": "AWS/SageMaker",
    "MetricName": "ModelLatency",
    "Dimensions": [{"Name": "EndpointName", "Value": "housing-dev"}],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 5,
    "ComparisonOperator": "GreaterThanThreshold",
    "AlarmActions": ["arn:topic"],
}


def with_deployment(**changes: Any) -> dict[str, Any]:
    return {**EVENT, "deployment": {**EVENT["deployment"], **changes}}


def guarded(cloudwatch: FakeCloudWatch, **changes: Any) -> dict[str, Any]:
    """An event of a deployment that put one alarm, which is there."""
    cloudwatch.do_put_metric_alarm(AlarmName=f"{PREFIX}latency", **ALARM)
    return with_deployment(guards={f"{PREFIX}latency": fingerprint(ALARM)}, **changes)


def answered(cloudwatch: FakeCloudWatch, *requests: float) -> None:
    """What the green fleet answered, by the minute."""
    cloudwatch.sums = {"Invocations": list(requests), "ModelLatency": list(requests)}


@pytest.fixture
def table(aws: None, monkeypatch: pytest.MonkeyPatch) -> LeaseTable:
    set_environment(
        monkeypatch,
        CheckDeploymentSettings(
            endpoint_name="housing-dev",
            lease_table_name="leases",
            rollback_alarm_prefix="housing-dev-green-",
            metric_namespace="Greenlight/housing-dev",
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


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_an_endpoint_that_moves_is_baking(
    table: LeaseTable,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    context: Context,
    status: str,
) -> None:
    sagemaker.endpoint = {"EndpointStatus": status, "EndpointConfigName": OLD}
    assert handler(EVENT, context)["status"] == "baking"


def test_the_config_asked_for_in_service_is_done(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    sagemaker.in_service(JOB)
    answered(cloudwatch, 15.0, 5.0)
    assert handler(guarded(cloudwatch), context) == {
        "status": "done",
        "reason": f"all traffic is on {JOB}",
        "error": "",
        "proof": "proven",
        "alarms": [],
        "watched_seconds": 10,
    }


@pytest.mark.parametrize("status", ["Updating", "InService"])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda alarms: alarms.clear(), "is gone"),
        (lambda alarms: alarms[f"{PREFIX}latency"].update(Threshold=5000), "has been changed"),
        (lambda alarms: alarms[f"{PREFIX}latency"].update(AlarmActions=[]), "has been changed"),
        (lambda alarms: alarms[f"{PREFIX}latency"].update(ActionsEnabled=False), "are off"),
    ],
    ids=["deleted", "another threshold", "nobody told", "actions off"],
)
def test_an_alarm_that_is_not_as_it_was_put_sends_the_traffic_home(
    table: LeaseTable,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    context: Context,
    status: str,
    change: Any,
    why: str,
) -> None:
    event = guarded(cloudwatch)
    answered(cloudwatch, 100.0)
    sagemaker.updating(OLD, JOB) if status == "Updating" else sagemaker.in_service(JOB)
    change(cloudwatch.alarms)
    answer = handler(event, context)
    assert (answer["status"], answer["error"]) == ("go_home", "DeploymentUnguardedError")
    assert f"{PREFIX}latency" in answer["reason"]
    assert why in answer["reason"]


def test_without_proof_it_is_watched_on_and_then_sent_home_or_promoted_and_marked(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    sagemaker.in_service(JOB)
    answered(cloudwatch, 3.0)
    event = guarded(cloudwatch)
    first = handler(event, context)
    assert first["status"] == "watching"
    assert "answered 3 of 20 requests" in first["reason"]
    assert first["watched_seconds"] == 10
    last_but_one = handler({**event, "seen": {**first, "watched_seconds": 290}}, context)
    assert (last_but_one["status"], last_but_one["watched_seconds"]) == ("watching", 300)
    late = handler({**event, "seen": last_but_one}, context)
    assert (late["status"], late["error"]) == ("go_home", "DeploymentUnguardedError")
    lenient = guarded(cloudwatch, watch={**EVENT["deployment"]["watch"], "when_unproven": "promote"})
    marked = handler({**lenient, "seen": last_but_one}, context)
    assert (marked["status"], marked["proof"]) == ("done", "unproven")
    assert "answered 3 of 20 requests within 300 s" in marked["reason"]


def test_alarms_that_saw_nothing_while_traffic_flowed_prove_nothing(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    sagemaker.in_service(JOB)
    cloudwatch.sums = {"Invocations": [50.0]}
    answer = handler(guarded(cloudwatch), context)
    assert answer["status"] == "watching"
    assert "the latency alarm saw no ModelLatency" in answer["reason"]


def test_an_alarm_that_fires_after_sagemakers_bake_sends_the_traffic_home_too(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    sagemaker.in_service(JOB)
    event = guarded(cloudwatch)
    cloudwatch.fire(f"{PREFIX}latency", "Threshold Crossed", [9.0])
    answer = handler(event, context)
    assert (answer["status"], answer["error"]) == ("go_home", "DeploymentRolledBackError")


@pytest.mark.parametrize("exempt", ["a first deployment", "a rollback by hand"])
def test_what_is_exempt_from_proof_says_so(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context, exempt: str
) -> None:
    sagemaker.in_service(JOB)
    answer = handler(guarded(cloudwatch, exempt=exempt), context)
    assert (answer["status"], answer["proof"]) == ("done", "exempt")
    assert exempt in answer["reason"]


def test_on_the_way_home_it_is_done_when_the_old_config_serves_and_tried_again_when_it_does_not(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    why = {"error": "DeploymentUnguardedError", "reason": "nobody watched", "attempts": 1}
    event = with_deployment(going_home=why)
    sagemaker.updating(JOB, OLD)
    assert handler(event, context)["status"] == "baking"
    sagemaker.in_service(OLD)
    answer = handler(event, context)
    assert (answer["status"], answer["reason"]) == (
        "returned",
        f"nobody watched; all traffic is back on {OLD}",
    )
    sagemaker.in_service(JOB)
    assert handler(event, context)["status"] == "go_home"
    given_up = handler(with_deployment(going_home={**why, "attempts": 3}), context)
    assert given_up["status"] == "failed"


def test_a_rollback_that_looks_like_success_is_recognised_and_names_its_alarm(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    sagemaker.in_service(OLD)
    cloudwatch.do_put_metric_alarm(AlarmName=f"{PREFIX}error-rate")
    cloudwatch.do_put_metric_alarm(AlarmName="housing-dev-green-another-error-rate")
    cloudwatch.fire(f"{PREFIX}error-rate", "Threshold Crossed: 1 datapoint [31.0] > 1.0", [31.0])
    cloudwatch.fire("housing-dev-green-another-error-rate", "not ours", [99.0])
    answer = handler(EVENT, context)
    assert answer["status"] == "rolled_back"
    assert answer["reason"] == (
        f"SageMaker went back to {OLD}: {PREFIX}error-rate at 2026-11-22T02:50:00+00:00: "
        "Threshold Crossed: 1 datapoint [31.0] > 1.0"
    )
    (alarm,) = answer["alarms"]
    assert alarm["datapoints"] == [31.0]


def test_a_rollback_without_an_alarm_tells_sagemakers_reason_or_that_there_is_none(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    sagemaker.in_service(OLD)
    assert "no alarm fired" in handler(EVENT, context)["reason"]
    sagemaker.endpoint = {
        "EndpointStatus": "InService",
        "EndpointConfigName": OLD,
        "FailureReason": "the container did not pass the ping health check",
    }
    assert "ping health check" in handler(EVENT, context)["reason"]


@pytest.mark.parametrize("status", ["Failed", "UpdateRollbackFailed"])
def test_a_failed_endpoint_is_a_failed_deployment(
    table: LeaseTable,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    context: Context,
    status: str,
) -> None:
    sagemaker.endpoint = {
        "EndpointStatus": status,
        "EndpointConfigName": JOB,
        "FailureReason": "no capacity",
    }
    answer = handler(EVENT, context)
    assert (answer["status"], answer["reason"]) == ("failed", f"the endpoint is {status}: no capacity")


def test_an_endpoint_deleted_in_the_middle_is_a_failed_deployment(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    answer = handler(EVENT, context)
    assert (answer["status"], answer["reason"]) == (
        "failed",
        "the endpoint was deleted during the deployment",
    )


def test_each_look_prolongs_the_lease(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    sagemaker.in_service(JOB)
    handler(EVENT, context)
    assert table.read().promoted_order == "", "what is only watched does not serve for good yet"
    assert table.read().held_until == 1795315800 + HOLD_SECONDS


def test_a_lost_lease_ends_the_deployment_with_an_error(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    table.change(lambda _: (Lease(token=8, holder="other", held_until=1), None))
    with pytest.raises(LeaseLostError, match="held by other"):
        handler(EVENT, context)


def test_a_lease_that_somebody_deleted_is_put_back_while_the_endpoint_is_this_deployments(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    delete_record()
    sagemaker.updating(OLD, JOB)
    assert handler(EVENT, context)["status"] == "baking"
    found = table.read()
    assert (found.holder, found.token, found.held_until) == ("me", 7, 1795315800 + HOLD_SECONDS)


def test_a_lease_that_somebody_deleted_is_not_for_who_slept_through_anothers_deployment(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    delete_record()
    sagemaker.in_service(OLD)
    with pytest.raises(LeaseLostError, match="held by nobody"):
        handler(EVENT, context)
    assert table.read() == Lease()


def delete_record() -> None:
    boto3.client("dynamodb").delete_item(TableName="leases", Key={"endpoint_name": {"S": "housing-dev"}})
