"""Accepted events on their way into the feature groups: read what is known, take the events in, write back.

Events of one entity have to come by one shard, which the entity as their partition key sees to: two
functions at once would overwrite each other's record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.feature_groups import FeatureGroup
from lambdas.aws import feature_store
from lambdas.features.windows import Event, Known, offline_record


@dataclass(frozen=True, kw_only=True)
class Written:
    """How many online records were written, and how many of them hold not all of a window's events."""

    records: int = 0
    cut: int = 0


def write(groups: Sequence[tuple[str, FeatureGroup]], events: Sequence[Sequence[Event]]) -> Written:
    """`groups` with their names in the store, `events` of each of them in the order in which they came.

    Written offline first: what comes again after a failure is known online or not, and offline the first of
    equal times counts. Raises ServiceBusyError, FeatureStoreError or what boto3 does.
    """
    by_entity = [_by_entity(of_group) for of_group in events]
    names = [name for name, _ in groups]
    wanted = {name: list(found) for name, found in zip(names, by_entity, strict=True) if found}
    if not wanted:
        return Written()
    records = feature_store.read(wanted)
    online, offline, cut = [], [], 0
    for (name, group), entities in zip(groups, by_entity, strict=True):
        for entity, of_entity in entities.items():
            record = records.get((name, entity))
            known = Known.read(record, group) if record else Known()
            offline += [(name, offline_record(group, event)) for event in known.take(group, of_entity)]
            cut += known.is_cut
            if known.is_changed:
                online.append((name, known.record(group, entity)))
    feature_store.write(offline, feature_store.OFFLINE)
    return Written(records=feature_store.write(online, feature_store.ONLINE), cut=cut)


def _by_entity(events: Sequence[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.entity, []).append(event)
    return found
