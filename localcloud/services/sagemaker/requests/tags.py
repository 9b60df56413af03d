"""Tags of SageMaker's resources: AddTags, ListTags, DeleteTags, and Tags given at creation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from localcloud.services.sagemaker.access.caller import Caller
from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.store import Document, Store

MAX_TAGS = 50
"""Per resource (API reference, AddTags)."""

Operation = Callable[[Document, Caller], Document]


class Tags:
    """Tags by the ARN of their resource."""

    def __init__(self, store: Store) -> None:
        self._table = store.table("tags")

    def operations(self) -> dict[str, Operation]:
        return {"AddTags": self.add_tags, "ListTags": self.list_tags, "DeleteTags": self.delete_tags}

    def create(self, arn: str, tags: list[Document] | None) -> None:
        """Tags of a resource that is being made."""
        self._table.save(arn, {"ResourceArn": arn, "Tags": {}})
        self._merge(arn, tags or [])

    def forget(self, arn: str) -> None:
        """The resource is gone."""
        self._table.delete(arn)

    def of(self, arn: str) -> dict[str, str]:
        """The tags of a resource."""
        record = self._table.get(arn)
        return dict(record["Tags"]) if record else {}

    def everything(self) -> Iterator[tuple[str, list[Document]]]:
        """Every resource's ARN and its tags, as the tagging service wants them."""
        for record in self._table:
            yield record["ResourceArn"], _listed(record["Tags"])

    def add_tags(self, request: Document, caller: Caller) -> Document:
        self._merge(request["ResourceArn"], request["Tags"])
        return {"Tags": _listed(self._known(request["ResourceArn"])["Tags"])}

    def list_tags(self, request: Document, caller: Caller) -> Document:
        return {"Tags": _listed(self._known(request["ResourceArn"])["Tags"])}

    def delete_tags(self, request: Document, caller: Caller) -> Document:
        record = self._known(request["ResourceArn"])
        for key in request["TagKeys"]:
            record["Tags"].pop(key, None)
        self._table.save(record["ResourceArn"], record)
        return {}

    def _merge(self, arn: str, tags: list[Document]) -> None:
        record = self._known(arn)
        merged = {**record["Tags"], **{tag["Key"]: tag["Value"] for tag in tags}}
        if len(merged) > MAX_TAGS:
            raise ValidationError(
                f"A resource can have at most {MAX_TAGS} tags; {arn} would have {len(merged)}"
            )
        record["Tags"] = merged
        self._table.save(arn, record)

    def _known(self, arn: str) -> Document:
        record = self._table.get(arn)
        if record is None:
            raise ValidationError(f"The request was rejected because the resource {arn} does not exist.")
        return record


def _listed(tags: dict[str, str]) -> list[Document]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
