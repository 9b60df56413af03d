"""Which side a row belongs to."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.dataset import DatasetContract
from contracts.pipeline_config import PipelineConfig
from lambdas.datasets.sides import HOLDOUT, NEITHER, TRAIN, Sides, cut_off_of

STAGE = {"strategy": "all_at_once"}


def contract(identifiers: tuple[str, ...] = (), **split: Any) -> DatasetContract:
    document: dict[str, Any] = {
        "pipeline": {"name": "sales"},
        "dataset": {
            "target": "price",
            "task": "regression",
            "identifiers": list(identifiers),
            "columns": [
                {"name": "customer", "type": "category"},
                {"name": "day", "type": "date"},
                {"name": "size", "type": "number"},
                {"name": "price", "type": "number"},
            ],
        },
        "split": split,
        "training": {"estimator": "linear"},
        "deployment": {"dev": STAGE, "prod": STAGE},
    }
    return PipelineConfig.from_document(document).dataset


def batch(count: int = 2000, seed: int = 0) -> pa.RecordBatch:
    """Two hundred customers who come again and again."""
    random = np.random.default_rng(seed)
    first = datetime.date(2024, 1, 1)
    return pa.RecordBatch.from_pydict(
        {
            "customer": [f"c{n}" for n in random.integers(0, 200, count)],
            "day": [first + datetime.timedelta(days=int(n)) for n in random.integers(0, 100, count)],
            "size": random.normal(0, 1, count),
            "price": random.normal(0, 1, count),
        }
    )


def test_the_target_moves_no_row_and_no_fold() -> None:
    rows = batch()
    shuffled = rows.set_column(3, "price", rows.column("price").take(pa.array(range(1999, -1, -1))))
    splits: list[dict[str, Any]] = [{}, {"by": "group", "group": "customer"}, {"by": "time", "time": "day"}]
    for split in splits:
        sides = Sides(contract(**split), 19_800.0)
        (side, fold), (again, same_fold) = sides.of(rows), sides.of(shuffled)
        assert side.tolist() == again.tolist()
        assert fold.equals(same_fold)


def test_a_group_is_never_on_both_sides_nor_in_two_folds() -> None:
    """By row, nearly every customer of the holdout would be known from training."""
    rows = batch()
    customers = np.array(rows.column("customer").to_pylist())

    def shared(split: dict[str, Any]) -> set[str]:
        side, _ = Sides(contract(**split)).of(rows)
        return set(customers[side == TRAIN]) & set(customers[side == HOLDOUT])

    assert len(shared({})) > 150
    assert shared({"by": "group", "group": "customer"}) == set()
    side, folds = Sides(contract(by="group", group="customer")).of(rows)
    numbers = {(customer, fold) for customer, fold in zip(customers, folds.to_pylist(), strict=True)}
    assert len(numbers) == len(set(customers))
    assert 0.1 < (side == HOLDOUT).mean() < 0.3


def test_no_row_of_training_is_later_than_one_of_the_holdout() -> None:
    """By row, three quarters of the holdout would be predicted from rows of later days."""
    rows = batch()
    days = rows.column("day").cast(pa.int32()).to_numpy()
    by_row, _ = Sides(contract()).of(rows)
    assert (days[by_row == TRAIN].max() > days[by_row == HOLDOUT]).mean() > 0.75
    side, fold = Sides(contract(by="time", time="day"), 19_800.0).of(rows)
    assert days[side == TRAIN].max() <= 19_800 < days[side == HOLDOUT].min()
    assert fold.to_pylist() == days.tolist()


def test_the_rows_of_the_gap_are_on_neither_side() -> None:
    rows = batch()
    days = rows.column("day").cast(pa.int32()).to_numpy()
    side, _ = Sides(contract(by="time", time="day", gap_days=7), 19_800.0).of(rows)
    assert days[side == TRAIN].max() == 19_793
    assert sorted(set(days[side == NEITHER])) == list(range(19_794, 19_801))


def test_rows_that_are_repeated_are_on_one_side() -> None:
    """Each row twice: as a hash of its place or at random, a third of the holdout would be in training."""
    rows = batch(500)
    twice = pa.Table.from_batches([rows, rows]).combine_chunks().to_batches()[0]
    side, fold = Sides(contract()).of(twice)
    assert side[:500].tolist() == side[500:].tolist()
    assert fold[:500].equals(fold[500:])


def test_a_corrected_cell_moves_no_row_that_has_a_key() -> None:
    rows = batch()
    corrected = rows.set_column(2, "size", pa.array(np.zeros(2000)))
    keyed = contract(("customer", "day"))
    assert Sides(keyed).of(rows)[0].tolist() == Sides(keyed).of(corrected)[0].tolist()
    assert Sides(contract()).of(rows)[0].tolist() != Sides(contract()).of(corrected)[0].tolist()


@pytest.mark.parametrize(
    ("values", "rows", "expected"),
    [
        ([1, 2, 3, 4, 5], [1, 1, 1, 1, 1], 4.0),
        ([1, 2, 3], [8, 1, 1], 1.0),
        ([1, 2], [1, 99], 1.0),  # the last day alone is more than the share; some rows must be later
        ([7], [100], None),
        ([], [], None),
    ],
)
def test_the_cut_off_leaves_about_the_share_after_it(
    values: list[float], rows: list[int], expected: float | None
) -> None:
    assert cut_off_of(np.array(values, float), np.array(rows, np.int64), 0.2) == expected


@settings(deadline=None)
@given(st.dictionaries(st.integers(-1000, 1000), st.integers(1, 50), min_size=2), st.floats(0.01, 0.5))
def test_rows_lie_on_both_sides_of_any_cut_off(counts: dict[int, int], share: float) -> None:
    values = np.array(sorted(counts), float)
    found = cut_off_of(values, np.array([counts[int(v)] for v in values]), share)
    assert found is not None
    assert values.min() <= found < values.max()


def test_a_row_goes_where_its_place_in_the_file_says_however_it_is_read() -> None:
    rows, sides = batch(3000), Sides(contract(by="position"))
    side, fold = sides.of(rows)
    assert fold.to_pylist() == list(range(3000))
    assert 0.17 < (side == HOLDOUT).mean() < 0.23
    pieces = [sides.of(rows.slice(start, 700), start)[0] for start in range(0, 3000, 700)]
    assert np.concatenate(pieces).tolist() == side.tolist()


def test_rows_that_are_all_alike_lie_on_both_sides_by_position() -> None:
    alike = pa.RecordBatch.from_pydict({"customer": ["c"] * 500, "size": [1.0] * 500, "price": [2.0] * 500})
    assert set(Sides(contract(by="position")).of(alike)[0].tolist()) == {TRAIN, HOLDOUT}
