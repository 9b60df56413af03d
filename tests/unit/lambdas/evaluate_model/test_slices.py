"""Parts of the holdout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lambdas.evaluate_model.numbers import span, value_of
from lambdas.evaluate_model.slices import slices_of
from tests.unit.lambdas.evaluate_model import world

CONTRACT = world.config().dataset


def columns(**given: Any) -> dict[str, Any]:
    return {
        "region": np.array(["north", "south", "south", None], dtype=object),
        "age": np.array([1.0, 2.0, 2.0, np.nan]),
        **given,
    }


def found(**given: Any) -> dict[str, list[bool]]:
    return {part.name: part.rows.tolist() for part in slices_of(columns(**given), CONTRACT)}


def test_a_category_is_cut_by_value_largest_first() -> None:
    assert list(found())[:3] == ["region = south", "region = (missing)", "region = north"]
    assert found()["region = south"] == [False, True, True, False]


def test_a_number_of_few_values_is_cut_by_value() -> None:
    assert found()["age = 2"] == [False, True, True, False]
    assert found()["age = (missing)"] == [False, False, False, True]


def test_a_number_of_many_values_is_cut_in_quarters() -> None:
    ages = np.arange(100.0)
    parts = [
        p
        for p in slices_of(columns(region=np.array(["a"] * 100, dtype=object), age=ages), CONTRACT)
        if p.column == "age"
    ]
    assert [part.size for part in parts] == [25, 25, 25, 25]
    assert {part.value for part in parts} == {"up to 24.75", "24.75 to 49.5", "49.5 to 74.25", "above 74.25"}


def test_dates_and_truth_values_are_written_as_such() -> None:
    assert span(19_723.0, 19_724.4, "date") == "2024-01-01 to 2024-01-02"
    assert span(float("-inf"), 19_723.0, "date") == "up to 2024-01-01"
    assert [value_of("boolean", value) for value in (0.0, 1.0, 0.25)] == ["false", "true", "0.25"]
    assert value_of("number", float("nan")) == "–"


@pytest.mark.parametrize("values", [[np.nan] * 4, [3.0] * 4, [-1e300, 1e300, 0.0, np.nan]])
def test_odd_numbers_still_cover_every_row_once(values: list[float]) -> None:
    parts = [p.rows for p in slices_of(columns(age=np.array(values)), CONTRACT) if p.column == "age"]
    assert np.sum(parts, axis=0).tolist() == [1, 1, 1, 1]


def test_only_declared_columns_are_cut() -> None:
    assert {part.column for part in slices_of(columns(), CONTRACT)} == {"region", "age"}
