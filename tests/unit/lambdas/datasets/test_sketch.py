"""What a champion's sketch finds again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.datasets.near import NearDuplicates
from lambdas.datasets.sketch import Sketch, SketchBuilder, SketchUnusableError
from tests.unit.lambdas.datasets.test_sides import batch, contract

FEATURES = ["customer", "day", "size"]


def sketch_of(rows: pa.RecordBatch, identifiers: tuple[str, ...] = (), **split: Any) -> Sketch:
    builder = SketchBuilder(contract(identifiers, **split), rows.num_rows, key="sketch v1")
    for start in range(0, rows.num_rows, 300):
        builder.add(rows.slice(start, 300))
    return Sketch.from_bytes(builder.finish().to_bytes())


def table(rows: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([rows])


def measured(count: int, seed: int = 0) -> pa.RecordBatch:
    """Rows of measurements, as a laboratory's are."""
    random = np.random.default_rng(seed)
    made = batch(count, seed)
    return made.set_column(0, "customer", pa.array([f"{n:.6f}" for n in random.normal(0, 1, count)]))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 400), st.integers(0, 1000))
def test_a_row_that_was_trained_on_is_always_found(count: int, seed: int) -> None:
    splits: list[dict[str, Any]] = [{}, {"by": "group", "group": "customer"}, {"by": "time", "time": "day"}]
    rows = batch(count, seed)
    for split in splits:
        assert sketch_of(rows, **split).seen(table(rows)).all()


@pytest.mark.parametrize("count", [1000, 20_000])
def test_it_takes_two_bytes_a_row_at_most(count: int) -> None:
    for rows in (batch(count), measured(count)):
        assert len(sketch_of(rows).to_bytes()) <= 2 * count + 400


def test_few_rows_are_taken_for_known_that_are_new() -> None:
    assert sketch_of(measured(5000)).seen(table(measured(5000, seed=1))).mean() < 0.06
    assert sketch_of(batch(5000), ("customer", "size")).seen(table(batch(5000, seed=1))).mean() < 0.01


@pytest.mark.parametrize("column", FEATURES)
def test_a_row_with_a_changed_cell_is_still_known_where_rows_are_measurements(column: str) -> None:
    """All rows, each with another value in one column: a conversion, or a correction of any cell."""
    rows = measured(1000)
    place = rows.schema.get_field_index(column)
    other = measured(1000, seed=5).column(column)
    changed = table(rows.set_column(place, column, other))
    assert sketch_of(rows).seen(changed).all()


def test_an_added_column_hides_no_row() -> None:
    rows = batch(1000)
    wider = table(rows).append_column("colour", pa.array(["red", "blue"] * 500))
    assert sketch_of(rows).seen(wider).all()


def test_reordered_columns_and_another_type_hide_no_row() -> None:
    rows = batch(1000)
    turned = table(rows).select(["price", "size", "day", "customer"])
    coded = turned.set_column(3, "customer", turned.column("customer").dictionary_encode())
    assert sketch_of(rows).seen(coded).all()


def test_a_group_that_was_trained_on_is_known_by_any_of_its_rows() -> None:
    sketch = sketch_of(batch(2000), by="group", group="customer")
    assert sketch.seen(table(batch(500, seed=3))).all()


def test_of_a_time_split_only_later_rows_are_new() -> None:
    rows = batch(2000)
    days = rows.column("day").cast(pa.int32()).to_numpy()
    early = rows.filter(pa.array(days <= 19_750))
    seen = sketch_of(early, by="time", time="day").seen(table(rows))
    assert seen.tolist() == (days <= days[days <= 19_750].max()).tolist()


def test_rows_without_its_columns_are_refused_by_name() -> None:
    with pytest.raises(SketchUnusableError, match="the rows have no 'customer'"):
        sketch_of(batch(100), ("customer",)).seen(table(batch(100)).drop(["customer"]))
    with pytest.raises(SketchUnusableError, match="'day'"):
        sketch_of(batch(100), by="time", time="day").seen(table(batch(100)).drop(["day"]))


@pytest.mark.parametrize("content", [b"", b"hello", b"greenlight sketch\n{}\n"])
def test_what_is_no_sketch_is_refused(content: bytes) -> None:
    with pytest.raises(SketchUnusableError, match="no sketch"):
        Sketch.from_bytes(content)


def test_a_cut_off_sketch_is_refused() -> None:
    with pytest.raises(SketchUnusableError, match="its length"):
        Sketch.from_bytes(SketchBuilder(contract(), 5, "k").finish().to_bytes()[:-1])


def test_near_duplicates_differ_in_one_column_at_most() -> None:
    training = batch(1000)
    holdout = batch(300, seed=8)
    zero = training.slice(0, 50).set_column(2, "size", pa.array(np.zeros(50)))
    near = NearDuplicates(pa.Table.from_batches([holdout, zero]), FEATURES)
    for start in range(0, 1000, 250):
        near.add(training.slice(start, 250))
    by_hand = {(row["customer"], row["day"]) for row in training.to_pylist()}
    expected = sum((row["customer"], row["day"]) in by_hand for row in holdout.to_pylist()) + 50
    assert near.count == expected
    assert near.looked_at == 350
