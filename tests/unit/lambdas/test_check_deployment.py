"""Baking, done, rolled back and failed are told apart, and the lease is kept alive."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from contracts.errors import LeaseLostError
from contracts.settings import CheckDeploymentSettings
from lambdas.aws.leases import LeaseTable
from lambdas.check_deployment.handler import handler
from lambdas.lease import HOLD_SECONDS, Lease
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeCloudWatch, FakeSageMaker

JOB, OLD = "housing-dev-0123456789abcdef", "housing-dev-fedcba9876543210"
PREFIX = f"housing-dev-green-{JOB}-"
EVENT: dict[str, Any] = {
    "holder": "me",
    "now": "2026-11-22T02:50:00Z",
    "lease": {"token": 7},
    "deployment": {"config_name": JOB, "alarm_prefix": PREFIX},
}


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
    assert handler(EVENT, context) == {
        "status": "done",
        "reason": f"all traffic is on {JOB}",
        "alarms": [],
    }


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
    assert alarm["datapoints"] == (31.0,)


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
    assert table.read().held_until == 1795315800 + HOLD_SECONDS


def test_a_lost_lease_ends_the_deployment_with_an_error(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    table.change(lambda _: (Lease(token=8, holder="other", held_until=1), None))
    with pytest.raises(LeaseLostError, match="held by other"):
        handler(EVENT, context)
