"""What is known of one entity after its events, whichever way they came. Pure.

Aggregates are those at the entity's last event, over (t - window, t]; of events with equal times the first
that was written counts. An event that comes late changes the aggregates and not the last event's features.
The events within the longest window are kept with the record itself, so that no other table is needed.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.feature_groups import EVENT_TIME, LAST_EVENT, RECENT, Aggregate, FeatureGroup
from lambdas.features import texts

MOST_RECENT = 2_000  # events of one entity that are kept
MOST_BYTES = 300_000  # of their text; a feature's value has at most 358,400 characters


@dataclass(frozen=True, kw_only=True)
class Event:
    """`values` are those of the contract's columns by name."""

    entity: str
    moment_us: int
    values: Mapping[str, Any]


@dataclass(kw_only=True)
class Known:
    """An entity's record; `is_changed` tells whether it has to be written.

    `written_us` is its event time in the store, which only grows: the last event's time, or a microsecond
    more for each time that a late event changed it. `recent` are moments and values of the aggregated
    columns, in order; `is_cut` where they were too many.
    """

    last_us: int = -1
    written_us: int = -1
    features: dict[str, str] = field(default_factory=dict)
    recent: list[list[Any]] = field(default_factory=list)
    is_cut: bool = False
    is_changed: bool = False

    @classmethod
    def read(cls, record: Mapping[str, str], group: FeatureGroup) -> Known:
        """Of a record of the online store."""
        return cls(
            last_us=texts.microseconds(record[LAST_EVENT]),
            written_us=texts.microseconds(record[EVENT_TIME]),
            features={name: record[name] for name in group.features if name in record},
            recent=json.loads(record.get(RECENT, "[]")),
        )

    def take(self, group: FeatureGroup, events: Iterable[Event]) -> list[Event]:
        """Take events in; those that tell anything new, in the order in which they came."""
        new = []
        for event in events:
            place = bisect_left(self.recent, event.moment_us, key=lambda one: one[0])
            is_known = place < len(self.recent) and self.recent[place][0] == event.moment_us
            if is_known or event.moment_us == self.last_us:
                continue
            new.append(event)
            row = [event.moment_us, *(_plain(event.values[name]) for name in group.aggregated_columns)]
            if group.aggregates and event.moment_us > self._oldest_us(group):
                self.recent.insert(place, row)
                self.is_changed = True
            if event.moment_us > self.last_us:
                self.last_us, self.is_changed = event.moment_us, True
                found = {name: texts.write(event.values[name]) for name in group.features}
                self.features = {name: text for name, text in found.items() if text is not None}
        if self.is_changed:
            self._trim(group)
            self.written_us = max(self.last_us, self.written_us + 1)
        return new

    def _oldest_us(self, group: FeatureGroup) -> int:
        """What is not later, no window holds."""
        return self.last_us - group.longest_window_seconds * 1_000_000

    def _trim(self, group: FeatureGroup) -> None:
        """Drop what no window holds any more, and what is too much."""
        oldest = self._oldest_us(group)
        self.recent = [row for row in self.recent if row[0] > oldest]
        while len(self.recent) > MOST_RECENT or len(self._recent_text()) > MOST_BYTES:
            self.recent = self.recent[max(1, len(self.recent) // 10) :]
            self.is_cut = True

    def _recent_text(self) -> str:
        return json.dumps(self.recent, separators=(",", ":"))

    def record(self, group: FeatureGroup, entity: str) -> dict[str, str]:
        """As the online store takes it."""
        aggregated = {
            one.name: text
            for one in group.aggregates
            if (text := texts.write(self._aggregate(one, group.aggregated_columns))) is not None
        }
        kept = {RECENT: self._recent_text()} if group.aggregates else {}
        return {
            group.entity: entity,
            EVENT_TIME: texts.seconds(self.written_us),
            LAST_EVENT: texts.seconds(self.last_us),
            **self.features,
            **aggregated,
            **kept,
        }

    def _aggregate(self, one: Aggregate, columns: Sequence[str]) -> Any:
        oldest = self.last_us - one.window_seconds * 1_000_000
        rows = [row for row in self.recent if row[0] > oldest]
        if not one.column:
            return len(rows)
        place = columns.index(one.column) + 1
        values = [row[place] for row in rows if row[place] is not None]
        if one.function == "count":
            return len(values)
        if one.function == "last":
            return values[-1] if values else None
        if not values:
            return None
        if one.function == "mean":
            return float(sum(values)) / len(values)
        return min(values) if one.function == "min" else max(values)


def offline_record(group: FeatureGroup, event: Event) -> dict[str, str]:
    """One event as the offline store keeps it: aggregates are made of such rows, and not kept with them."""
    names = dict.fromkeys((*group.features, *group.aggregated_columns))
    found = {name: texts.write(event.values[name]) for name in names}
    return {
        group.entity: event.entity,
        EVENT_TIME: texts.seconds(event.moment_us),
        **{name: text for name, text in found.items() if text is not None},
    }


def _plain(value: Any) -> Any:
    """A value that JSON holds as it is."""
    return value if value is None or isinstance(value, int | float | str) else texts.write(value)
