"""No row sees the future: the join against a loop over every event, and the batch side against the online."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.feature_groups import EVENT_TIME, Aggregate, FeatureGroup
from lambdas.features.history import latest
from lambdas.features.join import JoinError, join
from lambdas.features.windows import Event, Known

PLAIN = FeatureGroup(name="plain", entity="house", features=("x",))
COUNTED = replace(
    PLAIN,
    name="counted",
    features=("kind",),
    aggregates=(
        *(
            Aggregate(name=f"{function}_y", function=function, column="y", window_seconds=6)
            for function in ("mean", "count", "last", "min", "max")
        ),
        Aggregate(name="events", function="count", column="", window_seconds=3),
    ),
)
# An event as the offline store has it: entity, event time, time of writing, deleted, value.
ROW = st.tuples(
    st.sampled_from(["a", "b"]),
    st.integers(0, 20),
    st.integers(0, 30),
    st.sampled_from([False, False, False, True]),
    st.none() | st.integers(-50, 50).map(float),
)
ROWS = st.lists(ROW, max_size=14)
LABELS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, 40)), min_size=1, max_size=8
)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 20), ROW.map(lambda row: row[4])),
    min_size=1,
    max_size=16,
)
Row = tuple[str, int, int, bool, float | None]


def moment(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def offline(rows: list[Row]) -> pa.Table:
    """Rows in the order in which they were written, each a microsecond apart, so that one is the first."""
    ordered = sorted(enumerate(rows), key=lambda one: (one[1][2], one[0]))
    kinds = pa.schema(
        [
            ("house", pa.string()),
            (EVENT_TIME, pa.float64()),
            ("x", pa.float64()),
            ("y", pa.float64()),
            ("kind", pa.string()),
            ("api_invocation_time", pa.timestamp("us", "UTC")),
            ("write_time", pa.timestamp("us", "UTC")),
            ("is_deleted", pa.bool_()),
        ]
    )
    documents = [
        {
            "house": entity,
            EVENT_TIME: float(second),
            "x": None if deleted else value,
            "y": None if deleted else value,
            "kind": None if deleted else f"k{value}",
            "api_invocation_time": moment(written + place / 1e6),
            "write_time": moment(written + 100),
            "is_deleted": deleted,
        }
        for place, (_, (entity, second, written, deleted, value)) in enumerate(ordered)
    ]
    return pa.Table.from_pylist(documents, kinds)


def labels_of(labels: list[tuple[str | None, int]]) -> pa.Table:
    return pa.table(
        {
            "house": pa.array([entity for entity, _ in labels], pa.string()),
            "seen": pa.array([moment(second) for _, second in labels], pa.timestamp("us", "UTC")),
        }
    )


def joined(labels: pa.Table, *groups: tuple[FeatureGroup, pa.Table]) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET threads = 1")
        connection.register("labels", labels)
        sources = []
        for place, (group, table) in enumerate(groups):
            connection.register(f"store{place}", table)
            sources.append((group, f"store{place}"))
        found = connection.sql(join(connection, "labels", "seen", sources)).to_arrow_table()
        rows: list[dict[str, Any]] = found.to_pylist()
        return rows


def firsts(rows: list[Row]) -> list[Row]:
    """Of equal event times the first that was written."""
    found: dict[tuple[str, int], Row] = {}
    for row in sorted(rows, key=lambda one: one[2]):
        found.setdefault((row[0], row[1]), row)
    return list(found.values())


def naive(entity: str | None, second: int, rows: list[Row], group: FeatureGroup) -> Row | None:
    """The last event that was known at that second, by looking at each."""
    best: Row | None = None
    for place, row in enumerate(sorted(firsts(rows), key=lambda one: one[1])):
        known = row[0] == entity and row[1] + group.available_after_seconds <= second
        # A row is written a few microseconds after its second, so at that second it is not there yet, but
        # for the very first.
        is_first = row[2] == second and place >= 0 and _place(row, rows) == 0
        if group.as_written and not (row[2] < second or is_first):
            known = False
        if known:
            best = row
    if best is None or best[3]:
        return None
    return None if group.ttl_hours and second >= best[1] + group.ttl_hours * 3600 else best


def _place(row: Row, rows: list[Row]) -> int:
    return sorted(rows, key=lambda one: one[2]).index(row)


@settings(max_examples=60, deadline=None)
@given(LABELS, ROWS, ROWS, st.integers(0, 5), st.booleans())
def test_each_row_gets_the_last_value_that_was_known_then_of_every_group(
    labels, first, second, later, as_written
) -> None:
    one = replace(PLAIN, available_after_seconds=later, as_written=as_written)
    other = replace(PLAIN, name="other", features=("kind",))
    found = joined(labels_of(labels), (one, offline(first)), (other, offline(second)))
    assert [(row["house"], row["seen"]) for row in found] == [(e, moment(s)) for e, s in labels]
    for row, (entity, at) in zip(found, labels, strict=True):
        seen, beside = naive(entity, at, first, one), naive(entity, at, second, other)
        assert row["x"] == (seen[4] if seen else None)
        assert row["kind"] == (f"k{beside[4]}" if beside else None)


@pytest.mark.parametrize(("hours", "value"), [(0, 1.0), (1, None), (2, 1.0)])
def test_what_had_expired_by_then_is_null(hours: int, value: float | None) -> None:
    group = replace(PLAIN, ttl_hours=hours)
    (row,) = joined(labels_of([("a", 3600)]), (group, offline([("a", 0, 0, False, 1.0)])))
    assert row["x"] == value


def test_what_was_filled_in_later_is_left_out_with_as_written_alone() -> None:
    backfilled = offline([("a", 1, 1, False, 1.0), ("a", 5, 90, False, 5.0)])
    for as_written, value in ((False, 5.0), (True, 1.0)):
        (row,) = joined(labels_of([("a", 10)]), (replace(PLAIN, as_written=as_written), backfilled))
        assert row["x"] == value


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_the_batch_side_makes_of_the_offline_store_what_is_online(events) -> None:
    rows: list[Row] = [(entity, second, place, False, y) for place, (entity, second, y) in enumerate(events)]
    online: dict[str, Known] = {}
    for entity, second, _, _, y in rows:
        event = Event(entity=entity, moment_us=second * 1_000_000, values={"kind": f"k{y}", "y": y})
        online.setdefault(entity, Known()).take(COUNTED, [event])
    with duckdb.connect() as connection:
        connection.register("store", offline(rows))
        batch = connection.sql(latest(COUNTED, "store")).to_arrow_table().to_pylist()
    assert {row["entity"] for row in batch} == set(online)
    for row in batch:
        record = online[row["entity"]].record(COUNTED, row["entity"])
        assert record["kind"] == row["kind"]
        for name in (one.name for one in COUNTED.aggregates):
            found, expected = row[name], record.get(name)
            assert (found is None) == (expected is None), name
            if found is not None and expected is not None:
                assert math.isclose(found, float(expected), rel_tol=1e-12), name


def test_aggregates_begin_anew_after_a_deletion() -> None:
    store = offline([("a", 1, 1, False, 1.0), ("a", 2, 2, True, None), ("a", 3, 3, False, 5.0)])
    found = joined(labels_of([("a", 1), ("a", 2), ("a", 3)]), (COUNTED, store))
    assert [(row["mean_y"], row["events"]) for row in found] == [(1.0, 1), (None, None), (5.0, 1)]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"house": ["a"]}, r"no column 'seen' \(time\)"),
        ({"seen": ["2026-11-28"]}, r"no column 'house' \(plain\)"),
        ({"house": ["a"], "seen": ["soon"]}, "row 1 of the labels: 'seen' is no time"),
        (
            {"house": ["a"], "seen": ["2026-11-28"], "X": [1]},
            "'x' of the group 'plain' is a column of the labels",
        ),
    ],
)
def test_labels_that_can_t_be_joined_are_refused_by_column_and_row(columns, message) -> None:
    with pytest.raises(JoinError, match=message):
        joined(pa.table(columns), (PLAIN, offline([])))
