"""The Feature Store runtime: records in and out, by HTTP's verbs and paths.

API Reference, Amazon SageMaker Feature Store Runtime. Who reads or writes a group whose online store has a
customer's key needs kms:Decrypt on it (`OnlineStoreSecurityConfig`).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from localcloud.services.sagemaker.access.caller import Caller
from localcloud.services.sagemaker.errors import (
    AccessDeniedError,
    ConflictError,
    ResourceNotFoundError,
    RuntimeValidationError,
    SageMakerError,
    SerializationError,
    ValidationError,
)
from localcloud.services.sagemaker.features import values as reading
from localcloud.services.sagemaker.features.groups import FeatureGroups
from localcloud.services.sagemaker.features.offline import OfflineStore
from localcloud.services.sagemaker.features.online import Held, OnlineStore
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.requests.contract import Contract
from localcloud.services.sagemaker.requests.dispatch import Answer
from localcloud.services.sagemaker.requests.names import Names, last_part
from localcloud.services.sagemaker.store import Document

ONLINE, OFFLINE = "OnlineStore", "OfflineStore"
MOST_UPDATED = 100  # features of one UpdateRecord
_GROUP = re.compile(r"/FeatureGroup/([^/]+)(/Record|/ListRecords)?/?\Z")
_BATCHES = {"/BatchGetRecord": "BatchGetRecord", "/BatchWriteRecord": "BatchWriteRecord"}
_VERBS = {
    ("GET", None): "GetRecord",
    ("PUT", None): "PutRecord",
    ("DELETE", None): "DeleteRecord",
    ("POST", "/Record"): "UpdateRecord",
    ("POST", "/ListRecords"): "ListRecords",
}
log = logging.getLogger("localcloud.services.sagemaker")


class AccessForbiddenError(SageMakerError):
    code, status = "AccessForbidden", 403


def operation_of(method: str, path: str) -> tuple[str, str] | None:
    """The operation and, where the path names one, the group; None where it is none of the runtime's."""
    if method == "POST" and path.rstrip("/") in _BATCHES:
        return _BATCHES[path.rstrip("/")], ""
    match = _GROUP.match(unquote(path)) or _GROUP.match(path)
    operation = _VERBS.get((method, match[2])) if match else None
    return (operation, unquote(match[1])) if operation and match else None


def resources_of(names: Names, operation: str, group: str, body: bytes) -> list[str]:
    """The groups that IAM is asked about: API Reference, and Service Authorization Reference."""
    if group:
        return [names.arn("feature-group", group)]
    member = "Identifiers" if operation == "BatchGetRecord" else "Entries"
    try:
        entries = json.loads(body or b"{}")[member]
        found = [str(entry["FeatureGroupName"]) for entry in entries]
    except (ValueError, KeyError, TypeError):
        return []
    return [names.arn("feature-group", name) for name in dict.fromkeys(found)]


class Runtime:
    """Every request and answer is held against botocore's model."""

    def __init__(
        self,
        platform: Platform,
        names: Names,
        groups: FeatureGroups,
        online: OnlineStore,
        offline: OfflineStore,
        find_key: Callable[[str], str | None],
    ) -> None:
        self._platform, self._names, self._groups = platform, names, groups
        self._online, self._offline, self._find_key = online, offline, find_key
        self._contract = Contract("sagemaker-featurestore-runtime")
        groups.on_delete = self._forget

    def handle(
        self, method: str, path: str, body: bytes, query: Mapping[str, Any], caller: Caller
    ) -> Answer | None:
        """None where the path is none of the runtime's."""
        asked = operation_of(method, path)
        if asked is None:
            return None
        try:
            for arn in resources_of(self._names, *asked, body)[1:]:  # the gateway asks about the first
                caller.authorize(f"sagemaker:{asked[0]}", arn)
            return _answer(200, self.call(asked[0], _request(*asked, body, query), caller))
        except SageMakerError as error:
            if error.status == 500:
                log.error("%s: %s", asked[0], error.message)
            code = "ValidationError" if isinstance(error, ValidationError) else error.code
            status = 404 if isinstance(error, ResourceNotFoundError) else error.status
            document = {"message": error.message, "Message": error.message}
            return _answer(status, document, {"x-amzn-errortype": code})

    def call(self, operation: str, request: Document, caller: Caller) -> Document:
        """Run one operation; raises SageMakerError."""
        self._contract.check_request(operation, request)
        found: Document | None = {
            "PutRecord": self._put,
            "GetRecord": self._get,
            "BatchGetRecord": self._batch_get,
            "BatchWriteRecord": self._batch_write,
            "UpdateRecord": self._update,
            "DeleteRecord": self._delete,
            "ListRecords": self._list,
        }[operation](request, caller)
        answer = found or {}
        self._contract.check_answer(operation, answer)
        return answer

    def _put(self, request: Document, caller: Caller) -> None:
        group = self._open(request["FeatureGroupName"], caller)
        stores = _stores(group, request)
        values = reading.read_record(group, request["Record"])
        reading.demand(group, values)
        event = reading.event_seconds(group, values[group["EventTimeFeatureName"]])
        now = self._platform.clock.now()
        if ONLINE in stores:
            lifetime = self._lifetime(group, request)
            held = Held(
                identifier=values[group["RecordIdentifierFeatureName"]],
                event=event,
                values=values,
                expires=None if lifetime is None else event + lifetime,
            )
            self._online.put(group, held, now)
        if OFFLINE in stores:
            self._offline.append(group, event, values, now)

    def _get(self, request: Document, caller: Caller) -> Document:
        group = self._open(request["FeatureGroupName"], caller)
        _demand_online(group)
        found = self._found(
            group,
            request["RecordIdentifierValueAsString"],
            request.get("FeatureNames"),
            request.get("ExpirationTimeResponse") == "Enabled",
        )
        return found or {}

    def _batch_get(self, request: Document, caller: Caller) -> Document:
        records, errors = [], []
        expires = request.get("ExpirationTimeResponse") == "Enabled"
        for asked in request["Identifiers"]:
            name, names = asked["FeatureGroupName"], asked.get("FeatureNames")
            for identifier in asked["RecordIdentifiersValueAsString"]:
                place = {"FeatureGroupName": name, "RecordIdentifierValueAsString": identifier}
                try:
                    group = self._open(name, caller)
                    _demand_online(group)
                    found = self._found(group, identifier, names, expires)
                except SageMakerError as error:
                    code = "ValidationError" if isinstance(error, ValidationError) else error.code
                    errors.append({**place, "ErrorCode": code, "ErrorMessage": error.message[:2048]})
                    continue
                if found:
                    records.append({**place, **found})
        return {"Records": records, "Errors": errors, "UnprocessedIdentifiers": []}

    def _batch_write(self, request: Document, caller: Caller) -> Document:
        errors = []
        for entry in request["Entries"]:
            asked = {**entry, "TtlDuration": entry.get("TtlDuration") or request.get("TtlDuration")}
            try:
                self._put({key: value for key, value in asked.items() if value is not None}, caller)
            except SageMakerError as error:
                code = "ValidationError" if isinstance(error, ValidationError) else error.code
                errors.append({"Entry": entry, "ErrorCode": code, "ErrorMessage": error.message[:2048]})
        return {"Errors": errors, "UnprocessedEntries": []}

    def _update(self, request: Document, caller: Caller) -> None:
        group = self._open(request["FeatureGroupName"], caller)
        if (group.get("OnlineStoreConfig") or {}).get("StorageType") != "Standard_V2":
            raise RuntimeValidationError(
                "Validation Error: UpdateRecord is for online stores of type Standard_V2 or InMemory."
            )
        if len(request["Features"]) > MOST_UPDATED:
            raise RuntimeValidationError(f"Validation Error: at most {MOST_UPDATED} features can be updated.")
        stores, now = _stores(group, request), self._platform.clock.now()
        identifier = request["RecordIdentifierValueAsString"]
        held = self._online.held(group, identifier, now)
        if held is None or held.is_deleted:
            raise ResourceNotFoundError(
                f"Resource Not Found: there is no record {identifier!r:.60} to update."
            )
        changed = reading.read_record(group, request["Features"])
        named = [one["FeatureName"] for one in request["Features"]]
        event_name = group["EventTimeFeatureName"]
        if changed.get(group["RecordIdentifierFeatureName"], identifier) != identifier:
            raise RuntimeValidationError("Validation Error: the record identifier can't be updated.")
        event = reading.event_seconds(group, changed[event_name]) if event_name in changed else held.event
        if event < held.event:
            raise ConflictError("The EventTime is older than the record's current EventTime.")
        if request.get("TtlDuration") and event_name not in changed:
            raise RuntimeValidationError("Validation Error: TtlDuration needs an EventTime in the request.")
        kept = {name: value for name, value in held.values.items() if name not in named}
        lifetime = reading.ttl_seconds(request.get("TtlDuration"))
        before = None if held.expires is None else round(held.expires - held.event)
        lifetime = before if lifetime is None else lifetime
        updated = Held(
            identifier=identifier,
            event=event,
            values={**kept, **changed},
            expires=None if lifetime is None else event + lifetime,
        )
        if ONLINE in stores:
            self._online.keep(group, updated)
        if OFFLINE in stores:
            self._offline.append(group, event, updated.values, now)

    def _delete(self, request: Document, caller: Caller) -> None:
        group = self._open(request["FeatureGroupName"], caller)
        stores, now = _stores(group, request), self._platform.clock.now()
        identifier, text = request["RecordIdentifierValueAsString"], request["EventTime"]
        event = reading.event_seconds(group, text)
        if ONLINE in stores:
            self._drop(group, identifier, event, request.get("DeletionMode") == "HardDelete", now)
        if OFFLINE in stores:
            marker = {group["RecordIdentifierFeatureName"]: identifier, group["EventTimeFeatureName"]: text}
            self._offline.append(group, event, marker, now, is_deleted=True)

    def _drop(self, group: Document, identifier: str, event: float, is_hard: bool, now: float) -> None:
        held = self._online.held(group, identifier, now)
        if held is not None and event <= held.event:
            if is_hard:
                raise RuntimeValidationError(
                    "EventTime: the record in the OnlineStore is as new as the deletion, or newer."
                )
            return
        if is_hard:
            self._online.remove(group, identifier)
        else:
            self._online.keep(group, Held(identifier=identifier, event=event, values={}, is_deleted=True))

    def _list(self, request: Document, caller: Caller) -> Document:
        group = self._open(request["FeatureGroupName"], caller)
        _demand_online(group)
        with_deleted = bool(request.get("IncludeSoftDeletedRecords"))
        found = sorted(
            held.identifier
            for held in self._online.all(group, self._platform.clock.now())
            if with_deleted or not held.is_deleted
        )
        after, size = request.get("NextToken"), request.get("MaxResults") or 100
        rest = [name for name in found if after is None or name > after]
        answer: Document = {"RecordIdentifiers": rest[:size]}
        if len(rest) > size:
            answer["NextToken"] = rest[size - 1]
        return answer

    def _found(
        self, group: Document, identifier: str, names: list[str] | None, with_expiry: bool
    ) -> Document | None:
        shown_of = reading.shown  # also of nothing: a feature that is unknown is one all the same
        held = self._online.held(group, identifier, self._platform.clock.now())
        record = shown_of(group, held.values if held else {}, names)
        if held is None or held.is_deleted or not record:
            return None
        expiry = {"ExpiresAt": reading.iso(held.expires)} if with_expiry and held.expires else {}
        return {"Record": record, **expiry}

    def _open(self, name: str, caller: Caller) -> Document:
        group = self._groups.known(last_part(name))
        online = group.get("OnlineStoreConfig") or {}
        key_id = (online.get("SecurityConfig") or {}).get("KmsKeyId")
        if key_id:
            where = {
                "kms:CallerAccount": self._platform.account,
                "kms:ViaService": f"sagemaker.{self._platform.region}.amazonaws.com",
            }
            try:
                caller.authorize("kms:Decrypt", self._find_key(key_id) or key_id, where)
            except AccessDeniedError as error:
                raise AccessForbiddenError(error.message) from None
        return group

    def _lifetime(self, group: Document, request: Document) -> int | None:
        own = reading.ttl_seconds(request.get("TtlDuration"))
        return own if own is not None else reading.ttl_seconds(group["OnlineStoreConfig"].get("TtlDuration"))

    def _forget(self, group: Document) -> None:
        self._online.forget(group)
        if group.get("OfflineStoreConfig"):
            self._offline.drain(group)


def _stores(group: Document, request: Document) -> set[str]:
    """The stores that a request is about; raises RuntimeValidationError for one that the group has not."""
    has = {ONLINE} if (group.get("OnlineStoreConfig") or {}).get("EnableOnlineStore") else set()
    has |= {OFFLINE} if group.get("OfflineStoreConfig") else set()
    asked = set(request.get("TargetStores") or has)
    if missing := sorted(asked - has):
        raise RuntimeValidationError(
            f"Validation Error: the feature group {group['FeatureGroupName']} has no {missing[0]}."
        )
    return asked


def _demand_online(group: Document) -> None:
    _stores(group, {"TargetStores": [ONLINE]})


def _request(operation: str, group: str, body: bytes, query: Mapping[str, Any]) -> Document:
    try:
        document = json.loads(body) if body and operation not in ("GetRecord", "DeleteRecord") else {}
    except ValueError as problem:
        raise SerializationError(f"The request's body is not JSON: {problem}") from None
    if not isinstance(document, dict):
        raise SerializationError("The request's body must be a JSON object")
    if group:
        document["FeatureGroupName"] = group
    if operation in ("GetRecord", "DeleteRecord"):
        document |= _of_query(query)
    return document


def _of_query(query: Mapping[str, Any]) -> Document:
    """Members that travel in the query: one value each, but two lists."""
    lists = {"FeatureName": "FeatureNames", "TargetStores": "TargetStores"}
    found: Document = {}
    for name, given in query.items():
        texts = [str(one) for one in given] if isinstance(given, list) else [str(given)]
        found[lists.get(name, name)] = texts if name in lists else texts[0]
    return found


def _answer(status: int, document: Document, more: Mapping[str, str] | None = None) -> Answer:
    return status, {"content-type": "application/json", **(more or {})}, json.dumps(document).encode()
