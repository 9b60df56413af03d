"""A feature group's life, by the operations that its clients call."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest

from localcloud.services.sagemaker.access.caller import Trusted
from localcloud.services.sagemaker.errors import (
    AccessDeniedError,
    ConflictError,
    ResourceNotFoundError,
    SageMakerError,
    UnsupportedOperationError,
    ValidationError,
)
from localcloud.services.sagemaker.features.groups import FeatureGroups
from localcloud.services.sagemaker.features.offline import DELAY_SECONDS, OfflineStore
from localcloud.services.sagemaker.features.online import OnlineStore
from localcloud.services.sagemaker.features.runtime import Runtime, operation_of, resources_of
from localcloud.services.sagemaker.requests.dispatch import Api
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Tags
from localcloud.services.sagemaker.store import Store
from localcloud.tests.services.sagemaker.fakes import ROLE, FakePlatform, FakeRoles

KEY = "arn:aws:kms:us-east-1:111122223333:key/1"
DEFINITIONS = {"house": "String", "at": "Fractional", "rooms": "Integral", "income": "Fractional"}
GROUP: dict[str, Any] = {
    "FeatureGroupName": "houses",
    "RecordIdentifierFeatureName": "house",
    "EventTimeFeatureName": "at",
    "FeatureDefinitions": [{"FeatureName": name, "FeatureType": kind} for name, kind in DEFINITIONS.items()],
    "OnlineStoreConfig": {"EnableOnlineStore": True, "StorageType": "Standard_V2"},
    "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://b/features"}, "DisableGlueTableCreation": True},
    "RoleArn": ROLE,
}


class House:
    """The store, and its clock."""

    def __init__(self, tmp_path, store: Store | None = None) -> None:
        self.store = store or Store()
        self.platform = FakePlatform(tmp_path)
        self.clock = self.platform.clock
        self.roles = FakeRoles(tmp_path)
        names = Names("111122223333", "us-east-1")
        groups = FeatureGroups(
            self.store, names, Tags(self.store), self.platform, self.roles, lambda key, caller: None
        )
        self.api = Api(names, [groups.operations()])
        self.offline = OfflineStore(self.store, self.clock, self.roles)
        online = OnlineStore(self.store)
        self.runtime = Runtime(self.platform, names, groups, online, self.offline, lambda key: key)

    def control(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.api.call(operation, request, Trusted())

    def call(self, operation: str, caller: Any = None, **request: Any) -> dict[str, Any]:
        asked = {"FeatureGroupName": "houses", **request} if "Batch" not in operation else request
        return self.runtime.call(operation, asked, caller or Trusted())

    def put(self, house: str, at: float, **more: Any) -> None:
        options = {key: more.pop(key) for key in ("TargetStores", "TtlDuration") if key in more}
        self.call("PutRecord", Record=record(house=house, at=at, **more), **options)

    def get(self, house: str, **more: Any) -> dict[str, str]:
        found = self.call("GetRecord", RecordIdentifierValueAsString=house, **more)
        return {one["FeatureName"]: one["ValueAsString"] for one in found.get("Record", [])}

    def files(self) -> dict[str, Any]:
        return {
            key: pq.read_table(io.BytesIO(body)).to_pylist() for key, body in _objects(self.roles.s3).items()
        }


def _objects(s3: Any) -> dict[str, bytes]:
    return {key: body for (_, key), body in s3.objects.items()}


def record(**values: Any) -> list[dict[str, str]]:
    return [{"FeatureName": name, "ValueAsString": str(value)} for name, value in values.items()]


@pytest.fixture
def house(tmp_path) -> House:
    found = House(tmp_path)
    found.control("CreateFeatureGroup", **GROUP)
    return found


def test_a_group_describes_itself_and_where_its_offline_store_is(house: House):
    described = house.control("DescribeFeatureGroup", FeatureGroupName="houses")
    created = int(described["CreationTime"])
    assert described["FeatureGroupStatus"] == "Created"
    assert described["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"] == (
        f"s3://b/features/111122223333/sagemaker/us-east-1/offline-store/houses-{created}/data"
    )
    (listed,) = house.control("ListFeatureGroups")["FeatureGroupSummaries"]
    assert listed["FeatureGroupName"] == "houses"


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"EventTimeFeatureName": "rooms"}, ValidationError, "String or Fractional"),
        ({"RecordIdentifierFeatureName": "street"}, ValidationError, "street"),
        ({"OnlineStoreConfig": None, "OfflineStoreConfig": None}, ValidationError, "must be provided"),
        ({"RoleArn": None}, ValidationError, "RoleArn"),
        ({"OnlineStoreConfig": {"StorageType": "InMemory"}}, UnsupportedOperationError, "InMemory"),
        (
            {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://b/f"}}},
            UnsupportedOperationError,
            "DisableGlueTableCreation",
        ),
        (
            {
                "FeatureDefinitions": [
                    *GROUP["FeatureDefinitions"],
                    {"FeatureName": "is_deleted", "FeatureType": "String"},
                ]
            },
            ValidationError,
            "is_deleted",
        ),
    ],
    ids=["integral-time", "no-key", "no-store", "no-role", "memory", "glue", "reserved"],
)
def test_what_is_no_group_is_refused_by_name(tmp_path, change, error, says):
    asked = {key: value for key, value in {**GROUP, **change}.items() if value is not None}
    with pytest.raises(error, match=says):
        House(tmp_path).control("CreateFeatureGroup", **asked)


def test_of_a_record_only_a_greater_event_time_reaches_the_online_store(house: House):
    house.put("a", 100, rooms=3)
    house.put("a", 90, rooms=2)
    house.put("a", 100, rooms=9)
    assert house.get("a")["rooms"] == "3"
    house.put("a", 100.5, rooms=4)
    assert house.get("a") == {"house": "a", "at": "100.5", "rooms": "4"}


def test_a_record_is_overwritten_whole_and_features_can_be_asked_for(house: House):
    house.put("a", 1, rooms=3, income=2.5)
    house.put("a", 2, income=3.5)
    assert house.get("a") == {"house": "a", "at": "2", "income": "3.5"}
    assert house.get("a", FeatureNames=["income"]) == {"income": "3.5"}
    assert house.get("nobody") == {}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"house": "a"}, "at must be in the record"),
        ({"at": 1}, "house must be in the record"),
        ({"house": "a", "at": 1, "street": "x"}, "street"),
        ({"house": "a", "at": 1, "rooms": "3.5"}, "Integral"),
        ({"house": "a", "at": 1, "income": "many"}, "Fractional"),
        ({"house": "a", "at": "yesterday"}, "Fractional"),
        ({"house": "a", "at": -1}, "EventTime"),
    ],
)
def test_a_record_that_breaks_its_definitions_is_refused(house: House, values, says):
    with pytest.raises(ValidationError, match=says):
        house.call("PutRecord", Record=record(**values))


def test_a_record_expires_by_its_own_time_to_live_or_its_groups(house: House):
    now = house.clock.now()
    house.control(
        "UpdateFeatureGroup",
        FeatureGroupName="houses",
        OnlineStoreConfig={"TtlDuration": {"Unit": "Hours", "Value": 1}},
    )
    house.put("short", now, rooms=1, TtlDuration={"Unit": "Minutes", "Value": 1})
    house.put("long", now, rooms=1)
    house.put("past", now - 7200, rooms=1)
    assert house.get("past") == {}
    found = house.call("GetRecord", RecordIdentifierValueAsString="long", ExpirationTimeResponse="Enabled")
    assert found["ExpiresAt"].endswith("Z")
    house.clock.advance(61)
    assert (house.get("short"), house.get("long")["rooms"]) == ({}, "1")
    house.clock.advance(3600)
    assert house.get("long") == {}


def test_a_soft_deletion_hides_the_record_until_a_later_one(house: House):
    house.put("a", 10, rooms=3)
    house.call("DeleteRecord", RecordIdentifierValueAsString="a", EventTime="9")
    assert house.get("a")["rooms"] == "3"
    house.call("DeleteRecord", RecordIdentifierValueAsString="a", EventTime="11")
    assert house.get("a") == {}
    house.put("a", 10.5, rooms=4)
    assert house.get("a") == {}
    house.put("a", 12, rooms=5)
    assert house.get("a")["rooms"] == "5"


def test_a_hard_deletion_forgets_the_event_time_and_refuses_an_older_one(house: House):
    house.put("a", 10, rooms=3)
    with pytest.raises(ValidationError, match="EventTime"):
        house.call(
            "DeleteRecord", RecordIdentifierValueAsString="a", EventTime="10", DeletionMode="HardDelete"
        )
    house.call("DeleteRecord", RecordIdentifierValueAsString="a", EventTime="11", DeletionMode="HardDelete")
    house.put("a", 5, rooms=2)
    assert house.get("a")["rooms"] == "2"


def test_an_update_changes_named_features_and_keeps_the_event_time(house: House):
    house.put("a", 10, rooms=3, income=1.0)
    house.call("UpdateRecord", RecordIdentifierValueAsString="a", Features=record(income=2.0))
    assert house.get("a") == {"house": "a", "at": "10", "rooms": "3", "income": "2.0"}
    with pytest.raises(ConflictError):
        house.call("UpdateRecord", RecordIdentifierValueAsString="a", Features=record(at=9, rooms=1))
    with pytest.raises(ResourceNotFoundError):
        house.call("UpdateRecord", RecordIdentifierValueAsString="b", Features=record(rooms=1))


def test_a_batch_reads_several_records_and_says_which_group_it_does_not_know(house: House):
    house.put("a", 1, rooms=3)
    found = house.call(
        "BatchGetRecord",
        Identifiers=[
            {"FeatureGroupName": "houses", "RecordIdentifiersValueAsString": ["a", "b"]},
            {"FeatureGroupName": "streets", "RecordIdentifiersValueAsString": ["a"]},
        ],
    )
    assert [one["RecordIdentifierValueAsString"] for one in found["Records"]] == ["a"]
    assert [one["ErrorCode"] for one in found["Errors"]] == ["ResourceNotFound"]


def test_a_batch_writes_what_it_can_and_returns_the_rest(house: House):
    good = {"FeatureGroupName": "houses", "Record": record(house="a", at=1)}
    bad = {"FeatureGroupName": "houses", "Record": record(house="a")}
    found = house.call("BatchWriteRecord", Entries=[good, bad])
    assert [one["Entry"] for one in found["Errors"]] == [bad]
    assert house.get("a")


def test_everything_that_was_written_is_parquet_a_quarter_of_an_hour_later(house: House):
    house.put("a", 7200, rooms=3)
    house.put("a", 3600, rooms=2, income=1.5)  # late
    house.put("b", 7201, TargetStores=["OnlineStore"])
    house.call("DeleteRecord", RecordIdentifierValueAsString="a", EventTime="7300")
    invoked = house.clock.now()
    house.clock.advance(DELAY_SECONDS - 1)
    house.offline.sweep()
    assert house.files() == {}
    house.clock.advance(1)
    house.offline.sweep()
    files = house.files()
    (late,) = (rows for key, rows in files.items() if "/hour=01/" in key)
    (now,) = (rows for key, rows in files.items() if "/hour=02/" in key)
    assert [(row["house"], row["rooms"], row["income"], row["is_deleted"]) for row in late] == [
        ("a", 2, 1.5, False)
    ]
    assert [(row["at"], row["rooms"], row["is_deleted"]) for row in now] == [
        (7200.0, 3, False),
        (7300.0, None, True),
    ]
    assert now[0]["write_time"].timestamp() - now[0]["api_invocation_time"].timestamp() >= DELAY_SECONDS
    assert now[0]["api_invocation_time"].timestamp() == pytest.approx(invoked)
    assert house.offline.next_due() is None


def test_what_waits_to_be_written_outlives_a_restart(house: House, tmp_path):
    house.put("a", 7200, rooms=3)
    again = House(tmp_path, house.store)
    again.clock.advance(DELAY_SECONDS + 1)
    again.offline.sweep()
    assert len(again.files()) == 1
    assert again.get("a")["rooms"] == "3"


def test_a_group_that_goes_takes_its_records_along(house: House):
    house.put("a", 1, rooms=3, TargetStores=["OnlineStore"])
    house.control("DeleteFeatureGroup", FeatureGroupName="houses")
    with pytest.raises(ResourceNotFoundError):
        house.get("a")
    house.control("CreateFeatureGroup", **GROUP)
    assert house.get("a") == {}


class WithoutKey:
    def authorize(self, action, resource, context=None):
        assert (action, resource, context["kms:ViaService"]) == (
            "kms:Decrypt",
            KEY,
            "sagemaker.us-east-1.amazonaws.com",
        )
        raise AccessDeniedError("no")


def test_who_may_not_use_the_groups_key_reads_nothing(tmp_path):
    house = House(tmp_path)
    online = {**GROUP["OnlineStoreConfig"], "SecurityConfig": {"KmsKeyId": KEY}}
    house.control("CreateFeatureGroup", **{**GROUP, "OnlineStoreConfig": online})
    with pytest.raises(SageMakerError) as caught:
        house.call("GetRecord", WithoutKey(), RecordIdentifierValueAsString="a")
    assert caught.value.code == "AccessForbidden"


def test_the_wires_form_of_each_operation_is_known():
    assert operation_of("PUT", "/FeatureGroup/houses") == ("PutRecord", "houses")
    arn = "arn:aws:sagemaker:us-east-1:111122223333:feature-group/houses"
    assert operation_of("GET", f"/FeatureGroup/{quote(arn, safe='')}") == ("GetRecord", arn)
    assert operation_of("POST", "/FeatureGroup/houses/ListRecords") == ("ListRecords", "houses")
    assert operation_of("POST", "/endpoints/houses/invocations") is None
    body = json.dumps({"Identifiers": [{"FeatureGroupName": "a"}, {"FeatureGroupName": "b"}]}).encode()
    names = Names("111122223333", "us-east-1")
    assert [arn[-1] for arn in resources_of(names, "BatchGetRecord", "", body)] == ["a", "b"]
