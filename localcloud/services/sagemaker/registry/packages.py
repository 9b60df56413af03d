"""Model packages: versions of a group, with their approval status, metrics and metadata."""

from __future__ import annotations

from localcloud.services.sagemaker.access.caller import Caller
from localcloud.services.sagemaker.errors import ConflictError, UnsupportedOperationError, ValidationError
from localcloud.services.sagemaker.events import Events
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.registry.groups import ModelPackageGroups
from localcloud.services.sagemaker.requests.listing import Listing, pick
from localcloud.services.sagemaker.requests.names import Names, last_part
from localcloud.services.sagemaker.requests.tags import Operation, Tags
from localcloud.services.sagemaker.store import Document, Store

KIND = "model-package"
DEFAULT_APPROVAL = "PendingManualApproval"
_SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
_UPDATED = ("ModelApprovalStatus", "ApprovalDescription", "ModelLifeCycle", "ModelCard", "SourceUri")
_NOT_KEPT = frozenset({"Tags", "ClientToken"})


class ModelPackages:
    """All model packages of the account."""

    def __init__(
        self,
        store: Store,
        names: Names,
        tags: Tags,
        platform: Platform,
        groups: ModelPackageGroups,
        events: Events,
    ) -> None:
        self._table = store.table(KIND)
        self._names = names
        self._tags = tags
        self._platform = platform
        self._groups = groups
        self._events = events
        groups.holds_packages = lambda group: any(
            record.get("ModelPackageGroupName") == group for record in self._table
        )

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateModelPackage": self.create,
            "DescribeModelPackage": self.describe,
            "ListModelPackages": self.list_all,
            "UpdateModelPackage": self.update,
            "DeleteModelPackage": self.delete,
            "BatchDescribeModelPackage": self.describe_several,
        }

    def known(self, name_or_arn: str) -> Document:
        """A package's record; ValidationError when there is none."""
        arn = self._names.arn(KIND, name_or_arn)
        record = self._table.get(arn)
        if record is None:
            raise ValidationError(f"ModelPackage {arn} does not exist.")
        return record

    def create(self, request: Document, caller: Caller) -> Document:
        repeated = self._repeated(request)
        if repeated is not None:
            return {"ModelPackageArn": repeated["ModelPackageArn"]}
        group = request.get("ModelPackageGroupName")
        name = request.get("ModelPackageName")
        if (group is None) == (name is None):
            raise ValidationError("Exactly one of ModelPackageGroupName and ModelPackageName must be given.")
        if "InferenceSpecification" not in request and "SourceUri" not in request:
            raise ValidationError("InferenceSpecification or SourceUri is required for a model package.")
        if request.get("ValidationSpecification") or request.get("SourceAlgorithmSpecification"):
            raise UnsupportedOperationError(
                "The embedded cloud supports neither ValidationSpecification nor SourceAlgorithmSpecification"
            )
        record = self._named(group, name) | {"CreatedBy": caller.identity()}
        arn = record["ModelPackageArn"]
        if arn in self._table:
            raise ConflictError(f"Model Package already exists: {arn}")
        record |= {key: value for key, value in request.items() if key not in {*_NOT_KEPT, *record}}
        record["Token"] = request.get("ClientToken")
        self._table.save(arn, record)
        self._tags.create(arn, request.get("Tags"))
        self._emit(record)
        return {"ModelPackageArn": arn}

    def describe(self, request: Document, caller: Caller) -> Document:
        return _described(self.known(request["ModelPackageName"]))

    def describe_several(self, request: Document, caller: Caller) -> Document:
        found: Document = {}
        errors: Document = {}
        for arn in request["ModelPackageArnList"]:
            record = self._table.get(arn)
            if record is None:
                message = f"ModelPackage {arn} does not exist."
                errors[arn] = {"ErrorCode": "ValidationException", "ErrorResponse": message}
            else:
                members = (*_SUMMARY, "InferenceSpecification")
                found[arn] = pick(record, (name for name in members if name != "ModelPackageName"))
        return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}

    def list_all(self, request: Document, caller: Caller) -> Document:
        group = request.get("ModelPackageGroupName")
        kind = request.get("ModelPackageType", "Versioned" if group else "Unversioned")
        records = [
            record
            for record in self._table
            if kind == "Both" or ("ModelPackageGroupName" in record) == (kind == "Versioned")
        ]
        if group:
            name = self._groups.known(group)["ModelPackageGroupName"]
            records = [record for record in records if record.get("ModelPackageGroupName") == name]
        listing = Listing(
            "ModelPackageSummaryList",
            lambda record: pick(record, _SUMMARY),
            name="ModelPackageArn",
            sort_by={"CreationTime": "CreationTime", "Name": "ModelPackageArn"},
            equal={"ModelApprovalStatus": "ModelApprovalStatus"},
        )
        return listing.page(records, request)

    def update(self, request: Document, caller: Caller) -> Document:
        record = self.known(request["ModelPackageArn"])
        now = self._platform.clock.now()
        record |= pick(request, _UPDATED)
        custom = {
            **record.get("CustomerMetadataProperties", {}),
            **request.get("CustomerMetadataProperties", {}),
        }
        for key in request.get("CustomerMetadataPropertiesToRemove", []):
            custom.pop(key, None)
        if custom:
            record["CustomerMetadataProperties"] = custom
        record |= {"LastModifiedTime": now, "LastModifiedBy": caller.identity()}
        self._table.save(record["ModelPackageArn"], record)
        self._emit(record)
        return {"ModelPackageArn": record["ModelPackageArn"]}

    def delete(self, request: Document, caller: Caller) -> Document:
        record = self.known(request["ModelPackageName"])
        self._table.delete(record["ModelPackageArn"])
        self._tags.forget(record["ModelPackageArn"])
        return {}

    def _named(self, group: str | None, name: str | None) -> Document:
        now = self._platform.clock.now()
        record: Document = {
            "CreationTime": now,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "CertifyForMarketplace": False,
        }
        if group is None:
            shown = str(name)
            return {**record, "ModelPackageName": shown, "ModelPackageArn": self._names.arn(KIND, shown)}
        owner = self._groups.known(group)
        version = self._groups.next_version(owner)
        held_by = owner["ModelPackageGroupName"]
        return {
            **record,
            "ModelPackageName": held_by,
            "ModelPackageGroupName": held_by,
            "ModelPackageVersion": version,
            "ModelPackageArn": self._names.arn(KIND, f"{last_part(held_by)}/{version}"),
            "ModelPackageRegistrationType": "Registered",
        }

    def _repeated(self, request: Document) -> Document | None:
        """The package that an earlier request with the same client token made."""
        token = request.get("ClientToken")
        if token is None:
            return None
        return next((record for record in self._table if record.get("Token") == token), None)

    def _emit(self, record: Document) -> None:
        arn = record["ModelPackageArn"]
        self._events.state_change("Model Package", arn, _described(record), self._tags.of(arn))


def _described(record: Document) -> Document:
    described = {key: value for key, value in record.items() if key != "Token"}
    if "ModelPackageGroupName" in record:
        described.setdefault("ModelApprovalStatus", DEFAULT_APPROVAL)
    return described
