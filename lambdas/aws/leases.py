"""The lease record of an endpoint in DynamoDB, changed by compare-and-set on its revision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from contracts import layout
from contracts.errors import ServiceBusyError
from lambdas.aws.clients import client, code_of
from lambdas.deployments.lease import Lease

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_ATTEMPTS = 20
T = TypeVar("T")


class LeaseTable:
    """The lease of one endpoint."""

    def __init__(self, table_name: str, endpoint_name: str) -> None:
        self._table_name = table_name
        self._key = {layout.LEASE_KEY: {"S": endpoint_name}}

    @property
    def _dynamodb(self) -> DynamoDBClient:
        dynamodb: DynamoDBClient = client("dynamodb")
        return dynamodb

    def change(self, decide: Callable[[Lease], tuple[Lease, T]]) -> T:
        """Read, decide, write; all over again when another writer came between."""
        for _ in range(_ATTEMPTS):
            seen = self.read()
            wanted, answer = decide(seen)
            if wanted == seen or self._write(replace(wanted, revision=seen.revision + 1), seen.revision):
                return answer
        raise ServiceBusyError(f"the lease {self._key} changed {_ATTEMPTS} times between reading and writing")

    def read(self) -> Lease:
        item = self._dynamodb.get_item(TableName=self._table_name, Key=self._key, ConsistentRead=True).get(
            "Item", {}
        )
        blank = asdict(Lease())
        found: dict[str, Any] = {
            name: int(item[name]["N"]) if isinstance(value, int) else item[name]["S"]
            for name, value in blank.items()
            if name in item
        }
        return Lease(**found)

    def _write(self, lease: Lease, expected_revision: int) -> bool:
        values: dict[str, Any] = {
            name: {"N": str(value)} if isinstance(value, int) else {"S": value}
            for name, value in asdict(lease).items()
        }
        try:
            self._dynamodb.put_item(
                TableName=self._table_name,
                Item={**self._key, **values},
                ConditionExpression="attribute_not_exists(revision) OR revision = :seen",
                ExpressionAttributeValues={":seen": {"N": str(expected_revision)}},
            )
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True
