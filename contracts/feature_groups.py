"""`[[feature_groups]]`: what is known of an entity, kept online for serving and offline for training.

Limits: SageMaker API Reference, `CreateFeatureGroup` (names of at most 64 characters), and the Feature Store
runtime's `BatchGetRecord` (100 records).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.dataset import Column, DatasetContract
from contracts.reading import Table

FUNCTIONS = ("mean", "count", "last", "min", "max")
RULES = ("default", "refuse", "mark")
TYPES = ("number", "integer", "boolean", "category", "date", "timestamp")
NUMERIC = ("number", "integer", "boolean")
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
MOST_WINDOW_SECONDS = 366 * 86_400
MAX_READ = 100  # records of one BatchGetRecord
# Features of the store's own: the event time, what is kept for the next event, and the last event's time.
EVENT_TIME, RECENT, LAST_EVENT = "greenlight_event_time", "greenlight_recent", "greenlight_last_event"
OWN = (EVENT_TIME, RECENT, LAST_EVENT)
_RESERVED = ("is_deleted", "write_time", "api_invocation_time", *OWN)
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FEATURE = re.compile(r"[a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}")
_CALL = re.compile(r'\s*([a-z]+)\(\s*(?:([^",()]+?)\s*,\s*)?"(\d{1,9})([smhd])"\s*\)\s*')


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """A figure over an entity's events in (t - window, t], t being the event's own time."""

    name: str
    function: str
    column: str
    window_seconds: int

    @classmethod
    def read(cls, table: Table, name: str, text: object) -> Aggregate:
        """Of `mean(amount, "7d")`, or `count("1h")`; raises PipelineConfigError."""
        key = f"aggregates.{name}"
        match = _CALL.fullmatch(text) if isinstance(text, str) else None
        if match is None or match[1] not in FUNCTIONS:
            raise table.fail(
                key, f'{text!r} is none of {", ".join(FUNCTIONS)}: write mean(COLUMN, "7d"), or count("1h")'
            )
        function, column = match[1], match[2] or ""
        if not column and function != "count":
            raise table.fail(key, f'{function} needs a column: {function}(COLUMN, "{match[3]}{match[4]}")')
        window = int(match[3]) * UNIT_SECONDS[match[4]]
        if not 1 <= window <= MOST_WINDOW_SECONDS:
            raise table.fail(key, f"a window of {window} s is outside 1 s to {MOST_WINDOW_SECONDS} s")
        return cls(name=name, function=function, column=column, window_seconds=window)


@dataclass(frozen=True, kw_only=True)
class FeatureGroup:
    """`entity` is the key of a record of `[stream]` that says whom it is about; `features` are columns of the
    dataset, and `aggregates` figures over the entity's events, by the name of the feature that they become:
    `mean(amount, "7d")`, `count("1h")`, and `last`, `min` and `max`.

    A changed definition is another `version`; versions may stand beside each other, and the greatest one
    serves. For training, an event's features are known `available_after_seconds` after its time, and with
    `as_written` not before they were written either. Online, a record goes after `ttl_hours` (0: never).

    Where an entity has no record, or one older than `stale_after_seconds` (0: none is), `when_missing` says
    whether its features come from `defaults` (null without), with or without a mark in the answer, or the
    request is refused.
    """

    name: str
    entity: str
    defaults: Mapping[str, object] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    version: int = 1
    features: tuple[str, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    available_after_seconds: int = 0
    as_written: bool = False
    ttl_hours: int = 0
    stale_after_seconds: int = 0
    when_missing: str = "mark"

    @property
    def served(self) -> tuple[str, ...]:
        """The features that the front may fill in."""
        return (*self.features, *(aggregate.name for aggregate in self.aggregates))

    @property
    def aggregated_columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.column for one in self.aggregates if one.column))

    @property
    def longest_window_seconds(self) -> int:
        return max((one.window_seconds for one in self.aggregates), default=0)

    @classmethod
    def read(cls, table: Table, stages: tuple[str, ...], dataset: DatasetContract) -> FeatureGroup:
        """Raises PipelineConfigError."""
        aggregates = tuple(
            Aggregate.read(table, name, text) for name, text in table.scalars("aggregates").items()
        )
        found = cls(
            name=table.text("name"),
            entity=table.text("entity"),
            stages=table.texts("stages", stages),
            version=table.integer("version", 1, 9_999, 1),
            features=table.texts("features", ()),
            aggregates=aggregates,
            available_after_seconds=table.integer("available_after_seconds", 0, 31_622_400, 0),
            as_written=table.flag("as_written", False),
            ttl_hours=table.integer("ttl_hours", 0, 87_600, 0),
            stale_after_seconds=table.integer("stale_after_seconds", 0, 315_360_000, 0),
            when_missing=table.choice("when_missing", RULES, "mark"),
            defaults=table.scalars("defaults"),
        )
        table.finish()
        found._check(table, stages, dataset)
        return found

    def _check(self, table: Table, stages: tuple[str, ...], dataset: DatasetContract) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > 24:
            raise table.fail(
                "name", f"{self.name!r} must be lower-case words joined by hyphens, 24 characters at most"
            )
        if unknown := [stage for stage in self.stages if stage not in stages]:
            raise table.fail("stages", f"{unknown[0]!r} is not one of {', '.join(stages)}")
        if not self.served:
            raise table.fail("features", "there is neither a feature nor an aggregate")
        for key, name in [("entity", self.entity), *(("features", name) for name in self.served)]:
            if not is_feature_name(name):
                raise table.fail(
                    key,
                    f"{name!r} is no feature's name: at most 64 letters, digits, hyphens and underscores, "
                    f"none of {', '.join(_RESERVED)}",
                )
        names = [name.lower() for name in (self.entity, *self.served)]
        if doubled := [name for name in names if names.count(name) > 1]:
            raise table.fail("features", f"{doubled[0]!r} stands twice")
        self._check_columns(table, dataset)
        if self.as_written and self.aggregates:
            raise table.fail(
                "as_written",
                "of a group with aggregates it is not there: each label would need windows of its own",
            )
        if 0 < self.ttl_hours * 3600 < self.longest_window_seconds:
            raise table.fail(
                "ttl_hours", f"{self.ttl_hours} is shorter than the longest window of the aggregates"
            )
        if unknown := [name for name in self.defaults if name not in self.served]:
            raise table.fail("defaults", f"{unknown[0]!r} is none of {', '.join(self.served)}")

    def _check_columns(self, table: Table, dataset: DatasetContract) -> None:
        columns = {column.name: column for column in dataset.columns}
        for name in (*self.features, *self.aggregated_columns):
            key = "features" if name in self.features else "aggregates"
            if name not in columns:
                raise table.fail(key, f"{name!r} is not among the columns {', '.join(columns)}")
            if columns[name].type not in TYPES:
                raise table.fail(key, f"{name!r} is {columns[name].type}; expected {', '.join(TYPES)}")
        for one in self.aggregates:
            if one.name in self.aggregated_columns or one.column == self.entity:
                reason = "its name is that of a column that is aggregated, or the entity's column is"
                raise table.fail(f"aggregates.{one.name}", f"{reason}: choose another")
            if one.function in ("mean", "min", "max") and columns[one.column].type not in NUMERIC:
                raise table.fail(
                    f"aggregates.{one.name}", f"{one.function} needs numbers; {one.column!r} has none"
                )

    def kinds(self, dataset: DatasetContract) -> dict[str, str]:
        """SageMaker's type of each feature that is served: Integral, Fractional or String."""
        columns = {column.name: column for column in dataset.columns}
        found = {name: kind_of(columns[name]) for name in self.features}
        for one in self.aggregates:
            if one.function == "count":
                found[one.name] = "Integral"
            elif one.function == "mean":
                found[one.name] = "Fractional"
            else:
                found[one.name] = kind_of(columns[one.column])
        return found


def is_feature_name(name: str) -> bool:
    return bool(_FEATURE.fullmatch(name)) and name.lower() not in _RESERVED


def kind_of(column: Column) -> str:
    if column.type in ("integer", "boolean"):
        return "Integral"
    return "Fractional" if column.type == "number" else "String"


def read_all(table: Table, stages: tuple[str, ...], dataset: DatasetContract) -> tuple[FeatureGroup, ...]:
    """Every group; raises PipelineConfigError."""
    found = table.tables(
        "feature_groups", lambda one: FeatureGroup.read(one, stages, dataset), required=False
    )
    names = [(one.name, one.version) for one in found]
    for name, version in names:
        if names.count((name, version)) > 1:
            raise table.fail("feature_groups", f"{name!r} has version {version} twice")
    return found


def at(groups: tuple[FeatureGroup, ...], stage: str) -> tuple[FeatureGroup, ...]:
    """Every version that the stage has: the stream writes all of them."""
    return tuple(one for one in groups if stage in one.stages)


def serving(groups: tuple[FeatureGroup, ...], stage: str) -> tuple[FeatureGroup, ...]:
    """The greatest version of each group, which the front reads."""
    newest: dict[str, FeatureGroup] = {}
    for one in at(groups, stage):
        if one.name not in newest or newest[one.name].version < one.version:
            newest[one.name] = one
    return tuple(newest.values())
