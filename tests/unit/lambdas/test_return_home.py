"""A deployment that must not stay goes back: by its alarm while SageMaker shifts, else by a second update."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from contracts.errors import LeaseLostError
from contracts.settings import ReturnHomeSettings
from lambdas.aws.leases import LeaseTable
from lambdas.deployments.lease import Lease
from lambdas.return_home.handler import handler
from tests.unit import documents
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeCloudWatch, FakeSageMaker

JOB, OLD = "housing-dev-0123456789abcdef", "housing-dev-fedcba9876543210"
PREFIX = f"housing-dev-green-{JOB}-"
EVENT: dict[str, Any] = {
    "holder": "me",
    "now": "2026-11-22T02:50:00Z",
    "lease": documents.LEASE.as_document(),
    "deployment": documents.DEPLOYMENT.as_document(),
    "seen": {"status": "go_home", "error": "DeploymentUnguardedError", "reason": "nobody watched"},
}


@pytest.fixture(autouse=True)
def table(aws: None, monkeypatch: pytest.MonkeyPatch) -> LeaseTable:
    settings = ReturnHomeSettings(endpoint_name="housing-dev", lease_table_name="leases")
    set_environment(monkeypatch, settings)
    boto3.client("dynamodb").create_table(
        TableName="leases",
        KeySchema=[{"AttributeName": "endpoint_name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "endpoint_name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table = LeaseTable("leases", "housing-dev")
    table.change(lambda _: (Lease(token=7, holder="me", held_until=1), None))
    return table


def test_what_sagemaker_called_done_is_undone_by_an_update_to_the_config_before(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    sagemaker.in_service(JOB)
    answer = handler(EVENT, context)
    assert answer["going_home"] == {
        "error": "DeploymentUnguardedError",
        "reason": "nobody watched",
        "attempts": 1,
    }
    (update,) = sagemaker.requests("UpdateEndpoint")
    assert update["EndpointConfigName"] == OLD
    assert "AutoRollbackConfiguration" not in update["DeploymentConfig"]
    assert update["ExcludeRetainedVariantProperties"] == [{"VariantPropertyType": "DataCaptureConfig"}]
    handler({**EVENT, "deployment": answer}, context)
    assert len(sagemaker.requests("UpdateEndpoint")) == 1, "it is under way already"


@pytest.mark.parametrize(("scaled_to", "batch"), [(10, 3), (4, 2), (100, 5), (1, 0)])
def test_a_fleet_that_was_replaced_batch_by_batch_goes_home_so(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context, scaled_to: int, batch: int
) -> None:
    sagemaker.in_service(JOB)
    size = {"Type": "INSTANCE_COUNT", "Value": 3}
    rolling = {"MaximumBatchSize": size, "WaitIntervalInSeconds": 600}
    sagemaker.endpoint = {
        **(sagemaker.endpoint or {}),
        "LastDeploymentConfig": {"RollingUpdatePolicy": rolling},
        "ProductionVariants": [{"VariantName": "AllTraffic", "DesiredInstanceCount": scaled_to}],
    }
    handler(EVENT, context)
    (update,) = sagemaker.requests("UpdateEndpoint")
    wanted = {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": batch}, "WaitIntervalInSeconds": 0}
    found = update["DeploymentConfig"]
    assert found == {"RollingUpdatePolicy": wanted} if batch else "BlueGreenUpdatePolicy" in found


def test_while_sagemaker_shifts_an_alarm_of_its_own_turns_it_back_even_if_all_were_deleted(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    sagemaker.updating(OLD, JOB)
    handler(EVENT, context)
    alarm = cloudwatch.alarms[f"{PREFIX}error-rate"]
    assert (alarm["StateValue"], alarm["TreatMissingData"]) == ("ALARM", "ignore")
    assert not sagemaker.requests("UpdateEndpoint")


def test_an_endpoint_on_its_way_back_is_left_alone(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    sagemaker.endpoint = {"EndpointStatus": "RollingBack", "EndpointConfigName": OLD}
    handler(EVENT, context)
    assert (cloudwatch.alarms, sagemaker.requests("UpdateEndpoint")) == ({}, [])


def test_a_stale_token_changes_nothing(
    table: LeaseTable, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, context: Context
) -> None:
    sagemaker.in_service(JOB)
    table.change(lambda _: (Lease(token=8, holder="other", held_until=1), None))
    with pytest.raises(LeaseLostError):
        handler(EVENT, context)
    assert not sagemaker.requests("UpdateEndpoint")
