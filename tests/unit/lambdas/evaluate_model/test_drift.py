"""How far new rows have moved from a profile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.evaluate_model.drift import Drift, drift_of
from tests.unit.lambdas.evaluate_model import world


def arrays(columns: dict[str, Any]) -> dict[str, Any]:
    kinds = {name: object if isinstance(values[0], str) else np.float64 for name, values in columns.items()}
    return {name: np.array(values, dtype=kinds[name]) for name, values in columns.items()}


def drift(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Drift]:
    return {found.column: found for found in drift_of(world.profile_of(old), arrays(new))}


def test_rows_of_the_same_kind_have_hardly_moved() -> None:
    found = drift(world.rows(2000, seed=1), world.rows(500, seed=2))
    assert set(found) == {"size", "age", "region", "price"}
    assert max(each.psi for each in found.values()) < 0.1


def test_a_shifted_column_has_moved_and_comes_first() -> None:
    new = world.rows(500, seed=2)
    new["size"] = [value + 8 for value in new["size"]]
    found = drift_of(world.profile_of(world.rows(2000, seed=1)), arrays(new))
    assert found[0].column == "size"
    assert found[0].psi > 1.0
    assert found[0].new_share > found[0].old_share
    assert found[0].bin.startswith("above")


def test_a_category_that_grew_is_named_with_its_shares() -> None:
    old, new = world.rows(2000, seed=1), world.rows(500, seed=2)
    new["region"] = ["south" if i % 10 else "north" for i in range(500)]
    found = drift(old, new)["region"]
    assert found.bin in ("south", "<b>west</b>")
    assert found.psi > 0.25


def test_unseen_categories_and_missing_values_are_bins_of_their_own() -> None:
    old, new = world.rows(2000, seed=1), arrays(world.rows(500, seed=2))
    new["region"] = np.array([None] * 250 + ["nowhere"] * 250, dtype=object)
    new["size"] = np.full(500, np.nan)
    found = {each.column: each for each in drift_of(world.profile_of(old), new)}
    assert found["region"].bin in ("(missing)", "(other)")
    assert found["size"].bin == "(missing)"
    assert found["size"].new_share == 1.0


def test_a_column_that_the_profile_does_not_know_is_passed_over() -> None:
    assert drift_of({"columns": {}}, arrays(world.rows(50))) == []


def test_a_column_that_changed_its_kind_is_passed_over() -> None:
    old, new = world.rows(50), arrays(world.rows(50))
    new["size"], new["region"] = np.array(["big"] * 50, dtype=object), np.ones(50)
    assert {found.column for found in drift_of(world.profile_of(old), new)} == {"age", "price"}


def test_few_rows_do_not_drift_by_chance() -> None:
    old = world.rows(2000, seed=1)
    worst = [max(each.psi for each in drift(old, world.rows(30, seed=s)).values()) for s in range(2, 12)]
    assert max(worst) < 0.6


@given(st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(float("nan"))), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_rows_have_a_finite_index_that_is_not_negative(values: list[float]) -> None:
    profile = world.profile_of(world.rows(300, seed=1))
    for found in drift_of(profile, {"size": np.array(values)}):
        assert np.isfinite(found.psi)
        assert found.psi >= 0
        assert 0 <= found.new_share <= 1


def test_a_column_of_one_value_stands_still() -> None:
    old = {**world.rows(100), "size": [5.0] * 100}
    found = drift(old, {"size": [5.0] * 40})["size"]
    assert found.psi == pytest.approx(0.0, abs=1e-3)
