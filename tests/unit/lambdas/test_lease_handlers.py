"""The lease in DynamoDB, and the two states that ask for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import boto3
import pytest

from contracts.errors import ServiceBusyError
from contracts.settings import AcquireLeaseSettings, ReleaseLeaseSettings
from lambdas.acquire_lease.handler import handler as acquire
from lambdas.aws.leases import LeaseTable
from lambdas.deployments.lease import Lease
from lambdas.release_lease.handler import handler as release
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeSageMaker

NOW = "2026-11-22T02:50:00.123Z"
SOON, LATER = "2026-11-22T02:54:59Z", "2026-11-22T02:55:01Z"


@pytest.fixture
def table(aws: None, monkeypatch: pytest.MonkeyPatch) -> LeaseTable:
    boto3.client("dynamodb").create_table(
        TableName="housing-dev-leases",
        KeySchema=[{"AttributeName": "endpoint_name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "endpoint_name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    set_environment(
        monkeypatch,
        AcquireLeaseSettings(
            lease_table_name="housing-dev-leases",
            endpoint_name="housing-dev",
            model_package_group_name="housing-dev-models",
            metric_namespace="Greenlight/housing-dev",
        ),
    )
    set_environment(
        monkeypatch,
        ReleaseLeaseSettings(lease_table_name="housing-dev-leases", endpoint_name="housing-dev"),
    )
    return LeaseTable("housing-dev-leases", "housing-dev")


def asking(holder: str, order: str, now: str = NOW) -> dict[str, Any]:
    return {"holder": holder, "upload_order": order, "now": now}


def letting_go(holder: str, order: str, promoted: bool) -> dict[str, Any]:
    return {"holder": holder, "upload_order": order, "promoted": promoted}


@pytest.fixture(autouse=True)
def over(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Executions that have ended."""
    found: set[str] = set()
    monkeypatch.setattr("lambdas.aws.executions.is_over", lambda arn: arn in found)
    return found


def test_the_lease_of_an_execution_that_was_stopped_is_free_in_minutes(
    table: LeaseTable, sagemaker: FakeSageMaker, context: Context, over: set[str]
) -> None:
    acquire(asking("one", "1"), context)
    over.add("one")
    assert acquire(asking("two", "2", SOON), context)["status"] == "waiting"
    assert acquire(asking("two", "2", LATER), context)["token"] == 2


def test_the_first_execution_gets_the_lease_and_the_next_newer_one_waits(
    table: LeaseTable, sagemaker: FakeSageMaker, context: Context
) -> None:
    assert acquire(asking("one", "1"), context) == {
        "status": "acquired",
        "reason": "",
        "token": 1,
        "champion_arn": "",
    }
    assert acquire(asking("two", "2"), context)["status"] == "waiting"
    assert release(letting_go("one", "1", True), context) == {"held": True}
    assert acquire(asking("two", "2"), context)["token"] == 2


def test_an_older_execution_learns_that_it_is_superseded(
    table: LeaseTable, sagemaker: FakeSageMaker, context: Context
) -> None:
    acquire(asking("two", "2"), context)
    answer = acquire(asking("one", "1"), context)
    assert (answer["status"], answer["reason"]) == (
        "superseded",
        "a newer upload is being deployed by two",
    )


def test_the_answer_names_the_champion_of_the_moment(
    table: LeaseTable, sagemaker: FakeSageMaker, context: Context
) -> None:
    champion = sagemaker.add_package("job-1")
    sagemaker.add_package("job-2")
    sagemaker.add_package("job-3", status="PendingManualApproval")
    sagemaker.in_service("job-1")
    assert acquire(asking("one", "1"), context)["champion_arn"] == champion


def test_releasing_without_holding_is_harmless(table: LeaseTable, context: Context) -> None:
    assert release(letting_go("nobody", "1", False), context) == {"held": False}
    assert table.read() == Lease()


def test_time_is_the_state_machines_own(
    table: LeaseTable, sagemaker: FakeSageMaker, context: Context
) -> None:
    acquire(asking("one", "1", "2026-11-22T02:50:00Z"), context)
    late = acquire(asking("two", "2", "2026-11-22T03:05:00Z"), context)
    assert (late["status"], late["token"]) == ("acquired", 2)
    with pytest.raises(ValueError, match="no time zone"):
        acquire(asking("two", "2", "2026-11-22T03:05:00"), context)


def test_a_writer_that_comes_between_is_not_overwritten(table: LeaseTable) -> None:
    seen: list[Lease] = []

    def decide(lease: Lease) -> tuple[Lease, str]:
        seen.append(lease)
        if len(seen) == 1:  # another writer is faster
            LeaseTable("housing-dev-leases", "housing-dev").change(
                lambda other: (replace(other, holder="other", token=1), None)
            )
        return replace(lease, holder=lease.holder or "me", token=lease.token + 1), lease.holder

    assert table.change(decide) == "other"
    assert (table.read().holder, table.read().token) == ("other", 2)


def test_endless_contention_ends_in_an_error_that_is_retried(table: LeaseTable) -> None:
    def decide(lease: Lease) -> tuple[Lease, None]:
        table.change(lambda other: (replace(other, token=other.token + 1), None))
        return replace(lease, token=lease.token + 1), None

    with pytest.raises(ServiceBusyError, match="changed 20 times"):
        table.change(decide)


def test_reading_without_changing_writes_nothing(table: LeaseTable) -> None:
    table.change(lambda lease: (lease, None))
    assert table.read() == Lease()
