"""Feature groups: CreateFeatureGroup and its kin.

API Reference, `CreateFeatureGroup`, and Developer Guide, "Feature Store storage configurations". What the
embedded store does not do (Glue tables, Iceberg, memory, collections, provisioned throughput) is refused by
name. A group is there at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from localcloud.services.sagemaker.access.caller import Caller, pass_role
from localcloud.services.sagemaker.access.roles import split_uri
from localcloud.services.sagemaker.errors import (
    ResourceInUseError,
    ResourceNotFoundError,
    UnsupportedOperationError,
    ValidationError,
)
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.requests.listing import Listing, pick
from localcloud.services.sagemaker.requests.names import Names, last_part
from localcloud.services.sagemaker.requests.tags import Operation, Tags
from localcloud.services.sagemaker.store import Document, Store

KIND = "feature-group"
RESERVED = ("is_deleted", "write_time", "api_invocation_time")
ONLINE_KINDS = ("Standard", "Standard_V2")
_SUMMARY = (
    "FeatureGroupName",
    "FeatureGroupArn",
    "CreationTime",
    "FeatureGroupStatus",
    "OfflineStoreStatus",
)


class Environments(Protocol):
    """Sessions of execution roles."""

    def environment(self, role_arn: str, source_arn: str) -> dict[str, str]: ...


class FeatureGroups:
    """All feature groups of the account."""

    def __init__(
        self,
        store: Store,
        names: Names,
        tags: Tags,
        platform: Platform,
        roles: Environments,
        check_volume: Callable[[str | None, Caller], None],
    ) -> None:
        self._table, self._names, self._tags = store.table(KIND), names, tags
        self._platform, self._roles, self._check_key = platform, roles, check_volume
        self.on_delete: Callable[[Document], None] = lambda group: None
        """What the stores do when a group goes."""

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateFeatureGroup": self.create,
            "DescribeFeatureGroup": self.describe,
            "ListFeatureGroups": self.list,
            "UpdateFeatureGroup": self.update,
            "DeleteFeatureGroup": self.delete,
        }

    def known(self, name_or_arn: str) -> Document:
        """A group's record; ResourceNotFoundError when there is none."""
        name = last_part(name_or_arn)
        record = self._table.get(name)
        if record is None:
            raise ResourceNotFoundError(
                f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"
            )
        return record

    def create(self, request: Document, caller: Caller) -> Document:
        name = request["FeatureGroupName"]
        arn = self._names.arn(KIND, name)
        if name in self._table:
            raise ResourceInUseError(
                f"Resource Already Exists: FeatureGroup with name {name} already exists."
            )
        _check(request)
        online, offline = request.get("OnlineStoreConfig") or {}, request.get("OfflineStoreConfig")
        if role_arn := request.get("RoleArn"):
            pass_role(caller, role_arn)
            self._roles.environment(role_arn, arn)
        self._check_key((online.get("SecurityConfig") or {}).get("KmsKeyId"), caller)
        now = self._platform.clock.now()
        record = {key: value for key, value in request.items() if key not in ("Tags", "ThroughputConfig")}
        if offline:
            record["OfflineStoreConfig"] = self._resolved(offline, name, now)
            record["OfflineStoreStatus"] = {"Status": "Active"}
        record |= {
            "FeatureGroupArn": arn,
            "CreationTime": now,
            "LastModifiedTime": now,
            "FeatureGroupStatus": "Created",
            "ThroughputConfig": {"ThroughputMode": "OnDemand"},
        }
        self._table.save(name, record)
        self._tags.create(arn, request.get("Tags"))
        return {"FeatureGroupArn": arn}

    def describe(self, request: Document, caller: Caller) -> Document:
        record = self.known(request["FeatureGroupName"])
        return {**record, "NextToken": ""}

    def list(self, request: Document, caller: Caller) -> Document:
        listing = Listing(
            "FeatureGroupSummaries",
            lambda record: pick(record, _SUMMARY),
            name="FeatureGroupName",
            sort_by={
                "CreationTime": "CreationTime",
                "Name": "FeatureGroupName",
                "FeatureGroupStatus": "FeatureGroupStatus",
            },
            equal={"FeatureGroupStatusEquals": "FeatureGroupStatus"},
        )
        answer = listing.page(self._table, request)
        return {"NextToken": "", **answer}

    def update(self, request: Document, caller: Caller) -> Document:
        """New features, and another time to live; what was written keeps its own."""
        record = self.known(request["FeatureGroupName"])
        if (request.get("ThroughputConfig") or {}).get("ThroughputMode") == "Provisioned":
            raise UnsupportedOperationError("Provisioned throughput is not supported by the embedded cloud")
        if additions := request.get("FeatureAdditions"):
            changed = {**record, "FeatureDefinitions": [*record["FeatureDefinitions"], *additions]}
            _check_definitions(changed)
            record["FeatureDefinitions"] = changed["FeatureDefinitions"]
        if online := request.get("OnlineStoreConfig"):
            if not _is_online(record):
                raise ValidationError("Validation Error: the feature group has no OnlineStore to update.")
            record["OnlineStoreConfig"] = {**record["OnlineStoreConfig"], **pick(online, ("TtlDuration",))}
        record["LastModifiedTime"] = self._platform.clock.now()
        record["LastUpdateStatus"] = {"Status": "Successful"}
        self._table.save(record["FeatureGroupName"], record)
        return {"FeatureGroupArn": record["FeatureGroupArn"]}

    def delete(self, request: Document, caller: Caller) -> Document:
        """The online store goes; "data written into the OfflineStore will not be deleted" (API Reference)."""
        record = self.known(request["FeatureGroupName"])
        self._table.delete(record["FeatureGroupName"])
        self._tags.forget(record["FeatureGroupArn"])
        self.on_delete(record)
        return {}

    def _resolved(self, offline: Document, name: str, now: float) -> Document:
        """`S3URI/ACCOUNT/sagemaker/REGION/offline-store/NAME-CREATIONTIME/data` (Developer Guide, "Feature
        Store offline store data format")."""
        storage = dict(offline["S3StorageConfig"])
        split_uri(storage["S3Uri"])
        place = f"{self._platform.account}/sagemaker/{self._platform.region}/offline-store"
        storage["ResolvedOutputS3Uri"] = f"{storage['S3Uri'].rstrip('/')}/{place}/{name}-{int(now)}/data"
        return {**offline, "S3StorageConfig": storage}


def _is_online(group: Document) -> bool:
    return bool((group.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"))


def _check(request: Document) -> None:
    _check_definitions(request)
    online, offline = request.get("OnlineStoreConfig") or {}, request.get("OfflineStoreConfig")
    if not _is_online(request) and not offline:
        raise ValidationError("Validation Error: OnlineStoreConfig or OfflineStoreConfig must be provided.")
    if offline and not request.get("RoleArn"):
        raise ValidationError("Validation Error: RoleArn is required where there is an OfflineStoreConfig.")
    if online.get("StorageType", "Standard") not in ONLINE_KINDS:
        raise UnsupportedOperationError(
            f"StorageType {online['StorageType']} is not supported by the embedded cloud"
        )
    if offline and not offline.get("DisableGlueTableCreation"):
        raise UnsupportedOperationError(
            "Glue tables of feature groups are not supported by the embedded cloud: set "
            "DisableGlueTableCreation"
        )
    if offline and offline.get("TableFormat", "Default") == "Iceberg":
        raise UnsupportedOperationError("TableFormat Iceberg is not supported by the embedded cloud")
    if (request.get("ThroughputConfig") or {}).get("ThroughputMode") == "Provisioned":
        raise UnsupportedOperationError("Provisioned throughput is not supported by the embedded cloud")


def _check_definitions(request: Document) -> None:
    kinds: dict[str, Any] = {}
    for definition in request["FeatureDefinitions"]:
        name = definition.get("FeatureName")
        if name is None or definition.get("FeatureType") is None:
            raise ValidationError(
                "Validation Error: a FeatureDefinition has a FeatureName and a FeatureType."
            )
        if name.lower() in RESERVED or name.lower() in (known.lower() for known in kinds):
            raise ValidationError(f"Validation Error: FeatureName {name} is reserved or stands twice.")
        if definition.get("CollectionType"):
            raise UnsupportedOperationError(
                "Collections of feature groups are not supported by the embedded cloud"
            )
        kinds[name] = definition["FeatureType"]
    identifier, event_time = request["RecordIdentifierFeatureName"], request["EventTimeFeatureName"]
    for name in (identifier, event_time):
        if name not in kinds:
            raise ValidationError(f"Validation Error: feature {name} is not in FeatureDefinitions.")
    if kinds[event_time] not in ("String", "Fractional"):
        raise ValidationError(f"Validation Error: event time {event_time} must be String or Fractional.")
