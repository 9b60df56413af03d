"""Model package groups: CreateModelPackageGroup and its kin."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.services.sagemaker.access.caller import Caller
from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.requests.listing import Listing, pick
from localcloud.services.sagemaker.requests.names import Names, last_part
from localcloud.services.sagemaker.requests.tags import Operation, Tags
from localcloud.services.sagemaker.store import Document, Store

KIND = "model-package-group"
_MEMBERS = (
    "ModelPackageGroupName",
    "ModelPackageGroupArn",
    "ModelPackageGroupDescription",
    "CreationTime",
    "ModelPackageGroupStatus",
)


class ModelPackageGroups:
    """All model package groups of the account."""

    def __init__(self, store: Store, names: Names, tags: Tags, platform: Platform) -> None:
        self._table = store.table(KIND)
        self._names = names
        self._tags = tags
        self._platform = platform
        self.holds_packages: Callable[[str], bool] = lambda group: False
        """Whether a group still has versions; the packages say so."""

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateModelPackageGroup": self.create,
            "DescribeModelPackageGroup": self.describe,
            "ListModelPackageGroups": self.list,
            "DeleteModelPackageGroup": self.delete,
        }

    def known(self, name_or_arn: str) -> Document:
        """A group's record; ValidationError when there is none."""
        record = self._table.get(last_part(name_or_arn))
        if record is None:
            raise ValidationError(f"ModelPackageGroup {self._names.arn(KIND, name_or_arn)} does not exist.")
        return record

    def next_version(self, record: Document) -> int:
        """The number of the next version: never one that was used before."""
        record["LastVersion"] = record.get("LastVersion", 0) + 1
        self._table.save(record["ModelPackageGroupName"], record)
        return int(record["LastVersion"])

    def create(self, request: Document, caller: Caller) -> Document:
        name = request["ModelPackageGroupName"]
        arn = self._names.arn(KIND, name)
        if name in self._table:
            raise ValidationError(f"Model Package Group already exists: {arn}")
        record = {key: value for key, value in request.items() if key != "Tags"}
        record |= {
            "ModelPackageGroupArn": arn,
            "CreationTime": self._platform.clock.now(),
            "CreatedBy": caller.identity(),
            "ModelPackageGroupStatus": "Completed",
        }
        self._table.save(name, record)
        self._tags.create(arn, request.get("Tags"))
        return {"ModelPackageGroupArn": arn}

    def describe(self, request: Document, caller: Caller) -> Document:
        return pick(self.known(request["ModelPackageGroupName"]), (*_MEMBERS, "CreatedBy"))

    def list(self, request: Document, caller: Caller) -> Document:
        listing = Listing(
            "ModelPackageGroupSummaryList",
            lambda record: pick(record, _MEMBERS),
            name="ModelPackageGroupName",
            sort_by={"CreationTime": "CreationTime", "Name": "ModelPackageGroupName"},
        )
        return listing.page(self._table, request)

    def delete(self, request: Document, caller: Caller) -> Document:
        record = self.known(request["ModelPackageGroupName"])
        name = record["ModelPackageGroupName"]
        if self.holds_packages(name):
            raise ValidationError(
                f"Model Package Group {record['ModelPackageGroupArn']} cannot be deleted because it still "
                "contains Model Packages."
            )
        self._table.delete(name)
        self._tags.forget(record["ModelPackageGroupArn"])
        return {}
