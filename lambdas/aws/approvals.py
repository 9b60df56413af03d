"""Which executions wait for a person, in DynamoDB: one item for each model package, with the task's token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from contracts import layout
from lambdas.aws.clients import client, code_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """An execution (its ARN) that waits for a decision on a package."""

    model_package_arn: str
    task_token: str
    execution: str


class ApprovalTable:
    """The table; DynamoDB deletes items some time after `expires_at`."""

    def __init__(self, table_name: str) -> None:
        self._table_name = table_name

    @property
    def _dynamodb(self) -> DynamoDBClient:
        dynamodb: DynamoDBClient = client("dynamodb")
        return dynamodb

    def put(self, waiting: Waiting, *, expires_at: int) -> None:
        """A later token for the same package takes the place of the one before: a retried task has a new
        one. `expires_at` is in seconds since 1970."""
        self._dynamodb.put_item(
            TableName=self._table_name,
            Item={
                layout.APPROVAL_KEY: {"S": waiting.model_package_arn},
                "task_token": {"S": waiting.task_token},
                "execution": {"S": waiting.execution},
                layout.EXPIRES_AT: {"N": str(expires_at)},
            },
        )

    def get(self, model_package_arn: str) -> Waiting | None:
        found: dict[str, Any] = self._dynamodb.get_item(
            TableName=self._table_name,
            Key={layout.APPROVAL_KEY: {"S": model_package_arn}},
            ConsistentRead=True,
        ).get("Item", {})
        if not found:
            return None
        return Waiting(
            model_package_arn=model_package_arn,
            task_token=found["task_token"]["S"],
            execution=found["execution"]["S"],
        )

    def forget(self, waiting: Waiting) -> None:
        """A token that was put meanwhile stays."""
        try:
            self._dynamodb.delete_item(
                TableName=self._table_name,
                Key={layout.APPROVAL_KEY: {"S": waiting.model_package_arn}},
                ConditionExpression="task_token = :token",
                ExpressionAttributeValues={":token": {"S": waiting.task_token}},
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
