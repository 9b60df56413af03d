"""Records of feature groups, many at once.

Errors and limits: Amazon SageMaker Feature Store Runtime API Reference, `BatchGetRecord` (100 records) and
`BatchWriteRecord` (25 entries).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contracts.errors import ServiceBusyError
from lambdas.aws.clients import client

MOST_READ, MOST_WRITTEN = 100, 25
_ATTEMPTS = 4
ONLINE, OFFLINE = "OnlineStore", "OfflineStore"

Record = Mapping[str, str]
Place = tuple[str, str]
"""A group's name and an entity."""


class FeatureStoreError(RuntimeError):
    """The store refused a record, or a group; the message names it."""


def read(
    wanted: Mapping[str, Iterable[str]], names: Mapping[str, Sequence[str]] | None = None
) -> dict[Place, dict[str, str]]:
    """The records that there are, by group and entity, as features by name; `names` are the features asked
    for. Raises ServiceBusyError or FeatureStoreError."""
    places = [(group, entity) for group, entities in wanted.items() for entity in dict.fromkeys(entities)]
    found: dict[Place, dict[str, str]] = {}
    for first in range(0, len(places), MOST_READ):
        waiting = _identifiers(places[first : first + MOST_READ], names or {})
        for _ in range(_ATTEMPTS):
            answer = client("sagemaker-featurestore-runtime").batch_get_record(Identifiers=waiting)
            _refuse(answer["Errors"], "RecordIdentifierValueAsString")
            for one in answer["Records"]:
                place = (one["FeatureGroupName"], one["RecordIdentifierValueAsString"])
                found[place] = _values(one["Record"])
            waiting = answer["UnprocessedIdentifiers"]
            if not waiting:
                break
        else:
            raise ServiceBusyError(f"BatchGetRecord left {len(waiting)} groups unread")
    return found


def write(records: Iterable[tuple[str, Record]], store: str) -> int:
    """Write records, each with its group's name, to one of the stores; how many. Raises ServiceBusyError or
    FeatureStoreError."""
    entries = [
        {"FeatureGroupName": group, "Record": _features(record), "TargetStores": [store]}
        for group, record in records
    ]
    for first in range(0, len(entries), MOST_WRITTEN):
        waiting: list[Any] = entries[first : first + MOST_WRITTEN]
        for _ in range(_ATTEMPTS):
            answer = client("sagemaker-featurestore-runtime").batch_write_record(Entries=waiting)
            _refuse([{**one["Entry"], **one} for one in answer["Errors"]], "FeatureGroupName")
            waiting = answer["UnprocessedEntries"]
            if not waiting:
                break
        else:
            raise ServiceBusyError(f"BatchWriteRecord left {len(waiting)} records unwritten")
    return len(entries)


def _identifiers(places: Sequence[Place], names: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    by_group: dict[str, list[str]] = {}
    for group, entity in places:
        by_group.setdefault(group, []).append(entity)
    return [
        {
            "FeatureGroupName": group,
            "RecordIdentifiersValueAsString": entities,
            **({"FeatureNames": list(names[group])} if group in names else {}),
        }
        for group, entities in by_group.items()
    ]


def _features(record: Record) -> list[dict[str, str]]:
    return [{"FeatureName": name, "ValueAsString": text} for name, text in record.items()]


def _values(record: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {one["FeatureName"]: one["ValueAsString"] for one in record if "ValueAsString" in one}


def _refuse(errors: Sequence[Mapping[str, Any]], member: str) -> None:
    if errors:
        first = errors[0]
        raise FeatureStoreError(
            f"{first['FeatureGroupName']}, {str(first[member])[:60]!r}: {first['ErrorCode']}: "
            f"{first['ErrorMessage']}"
        )
