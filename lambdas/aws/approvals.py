"""Which executions wait for a person, and who uploaded what, in DynamoDB.

An item goes by its `subject`: a model package's ARN with the token of what waits for a decision on it, or an
upload's address with whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from contracts import layout
from lambdas.aws.clients import client, code_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """An execution (its ARN) that waits for a decision on a package, whose data came by `upload`. Of two
    people who must approve, `approved_by` is the one who has (ARN); `expires_at` is in seconds since 1970."""

    model_package_arn: str
    task_token: str
    execution: str
    upload: str
    expires_at: int
    approved_by: str = ""


class ApprovalTable:
    """The table; DynamoDB deletes items some time after they expire."""

    def __init__(self, table_name: str) -> None:
        self._table_name = table_name

    @property
    def _dynamodb(self) -> DynamoDBClient:
        dynamodb: DynamoDBClient = client("dynamodb")
        return dynamodb

    def put(self, waiting: Waiting) -> None:
        """A later token for the same package takes the place of the one before: a retried task has a new
        one."""
        self._dynamodb.put_item(TableName=self._table_name, Item=_item(waiting))

    def get(self, model_package_arn: str) -> Waiting | None:
        found = self._find(model_package_arn)
        if not found:
            return None
        return Waiting(
            model_package_arn=model_package_arn,
            expires_at=int(found[layout.EXPIRES_AT]["N"]),
            **{name: found[name]["S"] for name in ("task_token", "execution", "upload", "approved_by")},
        )

    def count(self, waiting: Waiting, approved_by: str) -> None:
        """Remember the first of two; a token that was put meanwhile has been approved by nobody."""
        with _unless_another_waits():
            self._dynamodb.put_item(
                TableName=self._table_name,
                Item=_item(replace(waiting, approved_by=approved_by)),
                **_if_it_waits(waiting),
            )

    def forget(self, waiting: Waiting) -> None:
        """A token that was put meanwhile stays."""
        with _unless_another_waits():
            self._dynamodb.delete_item(
                TableName=self._table_name,
                Key={layout.APPROVAL_KEY: {"S": waiting.model_package_arn}},
                **_if_it_waits(waiting),
            )

    def put_uploader(self, upload: str, by: str, expires_at: int) -> None:
        item = {"S": upload}, {"S": by}, {"N": str(expires_at)}
        names = (layout.APPROVAL_KEY, "uploaded_by", layout.EXPIRES_AT)
        self._dynamodb.put_item(TableName=self._table_name, Item=dict(zip(names, item, strict=True)))

    def uploader_of(self, upload: str) -> str:
        """Empty where nobody knows."""
        return str(self._find(upload).get("uploaded_by", {}).get("S", ""))

    def _find(self, subject: str) -> dict[str, Any]:
        key = {layout.APPROVAL_KEY: {"S": subject}}
        found = self._dynamodb.get_item(TableName=self._table_name, Key=key, ConsistentRead=True)
        return dict(found.get("Item", {}))


def _if_it_waits(waiting: Waiting) -> dict[str, Any]:
    return {
        "ConditionExpression": "task_token = :token",
        "ExpressionAttributeValues": {":token": {"S": waiting.task_token}},
    }


@contextmanager
def _unless_another_waits() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise


def _item(waiting: Waiting) -> dict[str, Any]:
    texts = ("task_token", "execution", "upload", "approved_by")
    return {
        layout.APPROVAL_KEY: {"S": waiting.model_package_arn},
        layout.EXPIRES_AT: {"N": str(waiting.expires_at)},
        **{name: {"S": getattr(waiting, name)} for name in texts},
    }
