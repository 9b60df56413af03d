"""What identifies a row."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.datasets.identity import identities

DAY = pa.array([datetime.date(2024, 2, 29), datetime.date(1969, 12, 31), None])
ROWS = pa.table(
    {
        "n": pa.array([1.0, -0.0, None]),
        "t": ["a", "ö", None],
        "b": pa.array([True, False, None]),
        "d": DAY,
    }
)


def of(values: Any, key: str = "side") -> list[int]:
    return [int(found) for found in identities(pa.table({"x": values}), ["x"], key)]


def test_the_numbers_are_the_ones_they_always_were() -> None:
    """Should they change, nobody could tell any more which rows a champion has seen."""
    assert [hex(n) for n in identities(ROWS, ["t"], "side")] == [
        "0xd3dcce3beb60ac14",
        "0x497f7abd867a5d9b",
        "0x4217ea004483ef71",
    ]
    assert [hex(n) for n in identities(ROWS, ["d"], "side")] == [
        "0x50acb1c7b3bcb19e",
        "0x823c9498b56a5bc9",
        "0xfcba7cc5213f395d",
    ]


@pytest.mark.parametrize(
    "other",
    [pa.array([1, 0, 41]), pa.array([1.0, -0.0, 41.0]), pa.array([1, 0, 41], pa.int8())],
)
def test_a_number_is_the_same_in_whatever_type_it_is_stored(other: pa.Array) -> None:
    assert of(other) == of(pa.array([1.0, 0.0, 41.0]))


@pytest.mark.parametrize(
    "other",
    [
        pa.array(["a", None, "a"]).dictionary_encode(),
        pa.chunked_array([pa.array(["a", None]), pa.array(["a"])]),
        pa.array(["a", None, "a"], pa.large_string()),
    ],
)
def test_a_text_is_the_same_however_it_is_stored(other: Any) -> None:
    assert of(other) == of(pa.array(["a", None, "a"]))


def test_missing_is_neither_zero_nor_empty() -> None:
    assert len(set(of(pa.array([None, 0.0])))) == 2
    assert len(set(of(pa.array([None, ""])))) == 2


def test_columns_are_told_apart_and_their_order_does_not_matter() -> None:
    rows = pa.table({"a": [1.0, 2.0], "b": [2.0, 1.0]})
    first, second = identities(rows, ["a", "b"], "k")
    assert first != second
    assert identities(rows, ["b", "a"], "k").tolist() == [first, second]


def test_another_key_gives_unrelated_numbers() -> None:
    same = (
        np.array(of(pa.array(range(1000)), "one")) % 100 == np.array(of(pa.array(range(1000)), "two")) % 100
    )
    assert 0 < same.sum() < 40


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=30, unique=True))
def test_different_numbers_differ(values: list[float]) -> None:
    assert len(set(of(pa.array(values)))) == len(values)


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=30), st.integers(0, 30))
def test_a_row_is_the_same_in_whatever_batch_it_comes(values: list[str | None], cut: int) -> None:
    column = pa.array(values, pa.string())
    assert of(column) == of(column[:cut]) + of(column[cut:])
