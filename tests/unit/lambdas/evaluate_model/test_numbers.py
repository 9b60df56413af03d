"""Figures as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.evaluate_model.numbers import axis, figure, rows, share, signed_share, ticks


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (40594.27, "40,594"),
        (0.8762, "0.8762"),
        (5.0, "5"),
        (-121.8, "−121.8"),
        (0.0, "0"),
        (1.5e12, "1.5e+12"),
        (2e-7, "2e−07"),
        (None, "–"),
        (math.nan, "–"),
        (-math.inf, "−∞"),
    ],
)
def test_a_figure_has_four_digits(value: float | None, text: str) -> None:
    assert figure(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0909, "9.09%"), (0.1, "10.0%"), (-0.0, "0.00%"), (-1e-9, "0.00%"), (-0.5, "−50.0%"), (1.0, "100.0%")],
)
def test_a_share_is_written_as_per_cent(value: float, text: str) -> None:
    assert share(value) == text


def test_a_gain_wears_its_sign() -> None:
    assert [signed_share(value) for value in (0.05, 0.0, -0.05)] == ["+5.00%", "0.00%", "−5.00%"]


def test_one_row_is_not_rows() -> None:
    assert [rows(1), rows(1300)] == ["1 row", "1,300 rows"]


def test_an_axis_is_labelled_briefly() -> None:
    assert [axis(value) for value in (250_000.0, 1.5e6, -2e9, 0.25)] == ["250k", "1.5M", "−2G", "0.25"]


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12))
def test_ticks_are_few_in_order_and_inside(low: float, width: float) -> None:
    high = low + width
    found = ticks(low, high)
    assert len(found) <= 9
    assert found == sorted(found)
    slack = max(abs(low), abs(high), width) * 1e-6
    assert all(low - slack <= value <= high + slack for value in found)
