"""Rows that name an entity, filled with what the feature groups know of it. Pure but for the one read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.dataset import DatasetContract
from contracts.feature_groups import LAST_EVENT, MAX_READ, FeatureGroup
from lambdas.features import texts
from lambdas.front.problems import Mistake, Problem, refuse

Row = dict[str, Any]
Read = Callable[[Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]], Mapping[tuple[str, str], Any]]
"""From entities by group, and features by group, to records by group and entity."""
_MAX_ID = 256


@dataclass(kw_only=True)
class Filled:
    """`missing` tells what was marked, `lacking` counts every lookup that found no record or a stale one;
    `oldest_seconds` is the age of the oldest record that was used."""

    rows: list[Row]
    missing: list[dict[str, Any]] = field(default_factory=list)
    lacking: int = 0
    oldest_seconds: float | None = None

    def as_document(self) -> dict[str, Any]:
        return {"missing_features": self.missing} if self.missing else {}


class Filler:
    """Fills rows from the groups of one stage; `groups` come with their names in the store."""

    def __init__(self, groups: Sequence[tuple[str, FeatureGroup]], dataset: DatasetContract) -> None:
        self._groups = groups
        columns = {column.name: column for column in dataset.feature_columns}
        self._columns = columns
        self._used = {name: [one for one in group.served if one in columns] for name, group in groups}
        self._kinds = {name: group.kinds(dataset) for name, group in groups}

    def fill(self, rows: Sequence[Row], read: Read, now_seconds: float) -> Filled:
        """What a row says itself counts; raises Problem."""
        wanted = self._wanted(rows)
        if not wanted:
            return Filled(rows=list(rows))
        records = read(wanted, {name: [*self._used[name], LAST_EVENT] for name in wanted})
        found = Filled(rows=[])
        mistakes: list[Mistake] = []
        for number, row in enumerate(rows, start=1):
            filled: Row = {}
            for name, group in self._groups:
                if group.entity in row:
                    record = records.get((name, str(row[group.entity])))
                    reason = _lack(record, group, now_seconds)
                    filled |= self._features(name, group, None if reason else record)
                    if reason:
                        found.lacking += 1
                        self._tell(group, number, reason, found, mistakes)
                    elif record is not None:
                        _age(record, now_seconds, found)
            found.rows.append({**filled, **self._own(row)})
        if mistakes:
            raise refuse(mistakes)
        return found

    def _wanted(self, rows: Sequence[Row]) -> dict[str, list[str]]:
        """Entities by group, each once."""
        wanted: dict[str, dict[str, None]] = {}
        mistakes = []
        for number, row in enumerate(rows, start=1):
            for name, group in self._groups:
                if group.entity in row:
                    entity = row[group.entity]
                    if _is_entity(entity):
                        wanted.setdefault(name, {})[str(entity)] = None
                    else:
                        reason = f"expected a text of 1 to {_MAX_ID} characters, or a whole number"
                        mistakes.append(Mistake(row=number, field=group.entity, reason=reason))
        if mistakes:
            raise refuse(mistakes)
        count = sum(len(entities) for entities in wanted.values())
        if count > MAX_READ:
            raise Problem(413, f"the request is about {count} entities, and at most {MAX_READ} are looked up")
        return {name: list(entities) for name, entities in wanted.items() if self._used[name]}

    def _own(self, row: Row) -> Row:
        """The row without the keys that only say whom it is about."""
        keys = {group.entity for _, group in self._groups} - set(self._columns)
        return {name: value for name, value in row.items() if name not in keys}

    def _features(self, name: str, group: FeatureGroup, record: Mapping[str, str] | None) -> Row:
        if record is None:
            return {feature: group.defaults.get(feature) for feature in self._used[name]}
        return {
            feature: texts.read(
                record.get(feature),
                self._kinds[name][feature],
                is_boolean=self._columns[feature].type == "boolean",
            )
            for feature in self._used[name]
        }

    @staticmethod
    def _tell(group: FeatureGroup, number: int, reason: str, found: Filled, mistakes: list[Mistake]) -> None:
        if group.when_missing == "refuse":
            mistakes.append(Mistake(row=number, field=group.entity, reason=reason))
        elif group.when_missing == "mark":
            found.missing.append({"row": number, "group": group.name, "reason": reason})


def _is_entity(value: object) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= _MAX_ID
    return isinstance(value, int) and not isinstance(value, bool)


def _lack(record: Mapping[str, str] | None, group: FeatureGroup, now_seconds: float) -> str:
    """Why the record can't be used; empty where it can."""
    if record is None:
        return f"nothing is known of it in {group.name}"
    age = now_seconds - float(record[LAST_EVENT])
    if group.stale_after_seconds and age > group.stale_after_seconds:
        stale = group.stale_after_seconds
        return f"its features in {group.name} are {age:.0f} s old, and stale after {stale} s"
    return ""


def _age(record: Mapping[str, str], now_seconds: float, found: Filled) -> None:
    age = max(0.0, now_seconds - float(record[LAST_EVENT]))
    found.oldest_seconds = max(age, found.oldest_seconds or 0.0)
