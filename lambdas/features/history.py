"""A feature group's offline store as one table: each event once, with its aggregates. SQL for DuckDB.

The offline store holds what was written, also twice (retries, and events with equal times). Of equal event
times the first that was written counts, as online. Aggregates are those at each event, over (t - window, t],
since the entity's last deletion.
"""
# ruff: noqa: S608 - SQL is made of the configuration's names, each quoted by `identifier` or `literal`

from __future__ import annotations

from collections.abc import Sequence

from contracts.feature_groups import EVENT_TIME, Aggregate, FeatureGroup
from lambdas.datasets.quoting import identifier, literal

MICROSECONDS = 1_000_000


def files(paths: Sequence[str]) -> str:
    """Files of the offline store, whose partitions in their keys are none of its columns."""
    listed = ", ".join(literal(path) for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"


def history(group: FeatureGroup, source: str) -> str:
    """A query for `entity`, `t` and `written` (microseconds), `is_deleted` and each served feature.

    `source` is a table of the offline store's columns. The time of the call stands for the time of writing:
    files come up to a quarter of an hour later, and the online store at once.
    """
    served = [*group.features, *group.aggregated_columns]
    columns = "".join(f", {identifier(name)}" for name in dict.fromkeys(served))
    once = (
        f"SELECT {identifier(group.entity)} AS entity, "
        f"round({EVENT_TIME} * {MICROSECONDS})::BIGINT AS t, epoch_us(api_invocation_time) AS written, "
        f"is_deleted{columns} FROM {source} "
        "QUALIFY row_number() OVER (PARTITION BY entity, t ORDER BY written, write_time) = 1"
    )
    if not group.aggregates:
        return once
    life = "sum(is_deleted::INT) OVER (PARTITION BY entity ORDER BY t) AS life"
    windows = ", ".join(
        f"{_aggregate(one)} OVER ({_window(one)}) AS {identifier(one.name)}" for one in group.aggregates
    )
    features = "".join(f", {identifier(name)}" for name in group.features)
    return f"SELECT entity, t, written, is_deleted{features}, {windows} FROM (SELECT *, {life} FROM ({once}))"


def _window(one: Aggregate) -> str:
    before = one.window_seconds * MICROSECONDS - 1  # (t - window, t], of whole microseconds
    return f"PARTITION BY entity, life ORDER BY t RANGE BETWEEN {before} PRECEDING AND CURRENT ROW"


def _aggregate(one: Aggregate) -> str:
    if not one.column:
        return "count(*) FILTER (WHERE NOT is_deleted)"
    column = identifier(one.column)
    if one.function == "last":
        return f"last_value({column} IGNORE NULLS)"
    name = {"mean": "avg", "count": "count", "min": "min", "max": "max"}[one.function]
    return f"{name}({column})"


def latest(group: FeatureGroup, source: str) -> str:
    """A query for what the online store should hold: each entity's last event, with its aggregates."""
    return (
        f"SELECT * FROM ({history(group, source)}) "
        "QUALIFY row_number() OVER (PARTITION BY entity ORDER BY t DESC) = 1"
    )
