"""A feature store in this process: the embedded cloud's own, behind boto3's two calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contracts.dataset import DatasetContract
from contracts.feature_groups import EVENT_TIME, LAST_EVENT, RECENT, FeatureGroup, kind_of
from localcloud.host.clock import FakeClock
from localcloud.services.sagemaker.access.caller import Trusted
from localcloud.services.sagemaker.features.groups import FeatureGroups
from localcloud.services.sagemaker.features.offline import OfflineStore
from localcloud.services.sagemaker.features.online import OnlineStore
from localcloud.services.sagemaker.features.runtime import Runtime
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Tags
from localcloud.services.sagemaker.store import Store
from localcloud.tests.services.sagemaker.fakes import ROLE, FakePlatform, FakeRoles


class LocalStore:
    """Has the operations of boto3's client that the functions call; `fails` makes the next writes fail."""

    def __init__(self, folder: Path, now_seconds: float) -> None:
        store, self.clock = Store(), FakeClock(now_seconds)
        platform, self.roles = FakePlatform(folder, self.clock), FakeRoles(folder)
        names = Names("111122223333", "us-east-1")
        self._groups = FeatureGroups(
            store, names, Tags(store), platform, self.roles, lambda key, caller: None
        )
        self.offline = OfflineStore(store, self.clock, self.roles)
        self._runtime = Runtime(
            platform, names, self._groups, OnlineStore(store), self.offline, lambda key: key
        )
        self.fails = 0
        self.reads: list[dict[str, Any]] = []

    def make(self, name: str, group: FeatureGroup, dataset: DatasetContract) -> None:
        columns = {one: kind_of(dataset.column(one)) for one in group.aggregated_columns}
        own = {EVENT_TIME: "Fractional", LAST_EVENT: "Fractional", RECENT: "String"}
        kinds = {group.entity: "String", **own, **columns, **group.kinds(dataset)}
        request = {
            "FeatureGroupName": name,
            "RecordIdentifierFeatureName": group.entity,
            "EventTimeFeatureName": EVENT_TIME,
            "FeatureDefinitions": [{"FeatureName": one, "FeatureType": kind} for one, kind in kinds.items()],
            "OnlineStoreConfig": {"EnableOnlineStore": True},
            "OfflineStoreConfig": {
                "S3StorageConfig": {"S3Uri": "s3://artifacts/features"},
                "DisableGlueTableCreation": True,
            },
            "RoleArn": ROLE,
        }
        self._groups.create(request, Trusted())

    def batch_get_record(self, **request: Any) -> dict[str, Any]:
        self.reads.append(request)
        return self._runtime.call("BatchGetRecord", request, Trusted())

    def batch_write_record(self, **request: Any) -> dict[str, Any]:
        if self.fails:
            self.fails -= 1
            entry = request["Entries"][0]
            error = {"Entry": entry, "ErrorCode": "InternalFailure", "ErrorMessage": "try again"}
            return {"Errors": [error], "UnprocessedEntries": []}
        return self._runtime.call("BatchWriteRecord", request, Trusted())

    def delete_record(self, **request: Any) -> None:
        self._runtime.call("DeleteRecord", request, Trusted())

    def flush(self) -> dict[str, bytes]:
        """The offline store's files by key, once their delay is over."""
        self.clock.advance(901)
        self.offline.sweep()
        return {key: body for (_, key), body in self.roles.s3.objects.items()}
