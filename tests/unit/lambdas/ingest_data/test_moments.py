"""Figures taken batch by batch are those of all values together."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.dataset import Column
from contracts.values import Grammar
from lambdas.datasets.moments import figures_of, merged_figures


def column_of(kind: str) -> Column:
    return Column(
        name="x",
        type=kind,
        nullable=True,
        minimum=None,
        maximum=None,
        categories=(),
        unique=False,
        grammar=Grammar(type=kind),
    )


def figures(kind: str, *batches: pa.Array) -> dict[str, Any]:
    column = column_of(kind)
    return merged_figures(column, [figures_of(column, batch) for batch in batches])


@settings(deadline=None)
@given(st.lists(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9))), min_size=1))
def test_batches_come_to_the_figures_of_one_array(batches: list[list[float | None]]) -> None:
    found = figures("number", *(pa.array(batch, pa.float64()) for batch in batches))
    values = np.array([value for batch in batches for value in batch if value is not None])
    assert found["count"] == len(values)
    assert found["missing"] == sum(map(len, batches)) - len(values)
    if len(values):
        assert (found["min"], found["max"]) == (values.min(), values.max())
        assert found["mean"] == pytest.approx(values.mean(), rel=1e-9, abs=1e-6)
        assert found["standard_deviation"] == pytest.approx(values.std(), rel=1e-9, abs=1e-6)
    else:
        assert found["mean"] is None


def test_the_largest_numbers_have_moments_too() -> None:
    largest = 1.7e308
    assert figures("number", pa.array([-largest, largest]), pa.array([largest, -largest])) == {
        "count": 4,
        "missing": 0,
        "min": -largest,
        "max": largest,
        "mean": 0.0,
        "standard_deviation": pytest.approx(largest),
    }


@pytest.mark.parametrize(
    ("kind", "values", "mean"),
    [
        ("integer", pa.array([1, None, 4], pa.int64()), 2.5),
        ("boolean", pa.array([True, False, None, True, True]), 0.75),
        ("date", pa.array([datetime.date(1970, 1, 3), None], pa.date32()), 2.0),
        ("timestamp", pa.array([1_500_000], pa.timestamp("us")), 1.5),
    ],
)
def test_values_count_as_a_model_reads_them(kind: str, values: pa.Array, mean: float) -> None:
    assert figures(kind, values)["mean"] == mean


@pytest.mark.parametrize("kind", ["category", "text"])
def test_texts_are_counted_and_have_no_moments(kind: str) -> None:
    found = figures(kind, pa.array(["a", None]), pa.array(["b"]))
    assert (found["count"], found["missing"]) == (2, 1)
    assert found.get("mean") is None
