"""Training sets that are correct in time: for each labelled row the features as they were known then.

A row sees of each group the entity's last event that was known at the row's time: event time plus the group's
`available_after_seconds`, both ends included; with `as_written` it had to be written by then, too, which
leaves out what was filled in later. What was deleted by then, or had expired, is null. Rows keep their number
and their order.
"""
# ruff: noqa: S608 - SQL is made of the configuration's names, each quoted by `identifier` or `literal`

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from contracts.feature_groups import FeatureGroup
from lambdas.datasets.quoting import identifier
from lambdas.features.history import MICROSECONDS, history

NUMBER, MOMENT = "greenlight_number", "greenlight_moment"


class JoinError(ValueError):
    """The labels can't be joined; the message says which column, and why."""


def join(
    connection: duckdb.DuckDBPyConnection,
    labels: str,
    time_column: str,
    groups: Sequence[tuple[FeatureGroup, str]],
) -> str:
    """A query for the columns of `labels` and then those of each group.

    `labels` is a table, and so is each group's offline store beside it. Raises JoinError.
    """
    kinds = _kinds(connection, labels)
    _check(kinds, time_column, [group for group, _ in groups])
    asked = _asked(connection, labels, time_column, [group.entity for group, _ in groups])
    parts = [_one(connection, place, group, source, asked) for place, (group, source) in enumerate(groups)]
    features = "".join(
        f", g{place}.{identifier(name)}" for place, (group, _) in enumerate(groups) for name in group.served
    )
    joined = "".join(f" LEFT JOIN ({part}) g{place} USING ({NUMBER})" for place, part in enumerate(parts))
    return (
        f"SELECT l.* EXCLUDE ({NUMBER}){features} FROM "
        f"(SELECT *, row_number() OVER () AS {NUMBER} FROM {labels}) l{joined} ORDER BY {NUMBER}"
    )


def _kinds(connection: duckdb.DuckDBPyConnection, table: str) -> Mapping[str, str]:
    described = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    return {str(row[0]): str(row[1]) for row in described}


def _check(kinds: Mapping[str, str], time_column: str, groups: Sequence[FeatureGroup]) -> None:
    known = ", ".join(kinds)
    for what, name in [("time", time_column), *((group.name, group.entity) for group in groups)]:
        if name not in kinds:
            raise JoinError(f"the labels have no column {name!r} ({what}); there are {known}")
    taken = {name.lower() for name in kinds}
    for group in groups:
        for name in group.served:
            if name.lower() in taken:
                raise JoinError(
                    f"{name!r} of the group {group.name!r} is a column of the labels, or of another group: "
                    "leave it out of one of them"
                )
            taken.add(name.lower())


def _asked(
    connection: duckdb.DuckDBPyConnection, labels: str, time_column: str, entities: Sequence[str]
) -> str:
    """A table of the rows' numbers, times in microseconds and entities as texts; raises JoinError."""
    moment = f"try_cast({identifier(time_column)} AS TIMESTAMPTZ)"
    names = "".join(
        f", {identifier(name)}::VARCHAR AS {identifier(name)}" for name in dict.fromkeys(entities)
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE greenlight_asked AS SELECT row_number() OVER () AS {NUMBER}, "
        f"epoch_us({moment}) AS {MOMENT}{names} FROM {labels}"
    )
    wrong = connection.execute(
        f"SELECT {NUMBER} FROM greenlight_asked WHERE {MOMENT} IS NULL LIMIT 1"
    ).fetchone()
    if wrong:
        raise JoinError(
            f"row {wrong[0]} of the labels: {time_column!r} is no time such as 2026-11-28T14:05:00Z"
        )
    return "greenlight_asked"


def _one(
    connection: duckdb.DuckDBPyConnection, place: int, group: FeatureGroup, source: str, asked: str
) -> str:
    """A query for the rows' numbers and one group's features."""
    later = group.available_after_seconds * MICROSECONDS
    entity = identifier(group.entity)
    if group.as_written:
        found = _as_written(connection, place, history(group, source), later, f"{asked} a", entity)
    else:
        events = history(group, source)
        found = f"{asked} a ASOF JOIN ({events}) e ON a.{entity} = e.entity AND a.{MOMENT} - {later} >= e.t"
    alive = "NOT e.is_deleted"
    if group.ttl_hours:
        alive += f" AND a.{MOMENT} < e.t + {group.ttl_hours * 3600 * MICROSECONDS}"
    features = "".join(
        f", CASE WHEN {alive} THEN e.{identifier(name)} END AS {identifier(name)}" for name in group.served
    )
    return f"SELECT a.{NUMBER}{features} FROM {found}"


def _as_written(
    connection: duckdb.DuckDBPyConnection, place: int, events: str, later: int, asked: str, entity: str
) -> str:
    """An event is known from its writing on, too. What is known later may be older, and then the newer event
    stays the last one: `best` is the last event among all that are known by then.

    Both are tables of their own: with all of it in one query DuckDB 2.0 lost rows of the last join.
    """
    made, best = f"greenlight_events_{place}", f"greenlight_best_{place}"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {made} AS {events}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {best} AS "
        f"SELECT entity, known, max(t) OVER (PARTITION BY entity ORDER BY known) AS best FROM "
        f"(SELECT entity, greatest(t + {later}, written) AS known, max(t) AS t FROM {made} GROUP BY ALL)"
    )
    seen = f"{asked} ASOF JOIN {best} b ON a.{entity} = b.entity AND a.{MOMENT} >= b.known"
    return f"{seen} JOIN {made} e ON e.entity = b.entity AND e.t = b.best"
