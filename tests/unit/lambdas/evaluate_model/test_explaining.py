"""What a model goes by."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest

from lambdas.evaluate_model.importance import permutation_importance
from lambdas.evaluate_model.shapley import explain

SPANS = {name: slice(at, at + 1) for at, name in enumerate("abc")}


def matrix(rows: int = 400, columns: int = 3) -> Any:
    return np.random.default_rng(0).normal(size=(rows, columns))


def linear(rows: Any) -> Any:
    return 3 * rows[:, 0] - rows[:, 1]


def test_importance_ranks_columns_and_gives_nothing_to_those_unused() -> None:
    rows = matrix()
    found = permutation_importance(linear, rows, SPANS, linear(rows), "rmse_error")
    assert list(found) == ["a", "b", "c"]
    assert found["a"] == pytest.approx(3 * np.sqrt(2), rel=0.1)
    assert found["c"] == 0.0


def test_importance_leaves_the_rows_as_they_were() -> None:
    rows = matrix()
    before = rows.copy()
    permutation_importance(linear, rows, SPANS, linear(rows), "r2_score")
    assert np.array_equal(rows, before)


def test_a_linear_models_shapley_values_are_weight_times_distance_from_the_mean() -> None:
    rows = matrix(4000)
    found = explain(linear, rows, list(SPANS.values()))
    expected = np.array([3.0, -1.0, 0.0]) * (found.matrix - rows.mean(axis=0))
    error = np.abs(found.values - expected).mean(axis=0)
    assert (error < [0.8, 0.3, 1e-12]).all()
    assert np.corrcoef(found.values[:, 0], expected[:, 0])[0, 1] > 0.95


def exact(answer: Any, row: Any, background: Any) -> Any:
    """Shapley's own formula, over every subset of the other columns."""
    width = len(row)
    values = np.zeros(width)
    for column in range(width):
        others = [other for other in range(width) if other != column]
        for size in range(width):
            weight = factorial(size) * factorial(width - size - 1) / factorial(width)
            for chosen in combinations(others, size):
                without = background.copy()
                without[:, chosen] = row[list(chosen)]
                joined = without.copy()
                joined[:, column] = row[column]
                values[column] += weight * (answer(joined) - answer(without)).mean()
    return values


def test_shapley_values_are_those_of_the_formula() -> None:
    rows = matrix(200)

    def bent(values: Any) -> Any:
        return values[:, 0] * values[:, 1] + np.maximum(values[:, 2], 0.0)

    found = explain(bent, rows, list(SPANS.values()))
    reference = np.array([exact(bent, row, rows) for row in found.matrix])
    assert np.abs(found.values - reference).mean() < 0.3 * np.abs(reference).mean()
    assert np.corrcoef(found.values.ravel(), reference.ravel())[0, 1] > 0.95


def test_wide_data_are_explained_within_the_budget() -> None:
    scored = 0

    def count(rows: Any) -> Any:
        nonlocal scored
        scored += len(rows)
        return rows[:, 0]

    rows = matrix(300, 500)
    spans = {str(i): slice(i, i + 1) for i in range(500)}
    explain(count, rows, list(spans.values()))
    permutation_importance(count, rows, spans, rows[:, 0], "rmse_error")
    assert scored < 600_000


def test_the_entries_of_one_column_are_shuffled_and_explained_together() -> None:
    rows = matrix(600)
    spans = {"a": slice(0, 1), "text": slice(1, 3)}

    def product(values: Any) -> Any:
        return values[:, 0] + values[:, 1] * values[:, 2]

    rows[:, 2] = 1 / rows[:, 1]  # together they say 1, and anything only where one is shuffled alone
    found = permutation_importance(product, rows, spans, product(rows), "rmse_error")
    assert found["a"] > 1
    assert found["text"] == pytest.approx(0.0, abs=1e-12)
    values = explain(product, rows, list(spans.values())).values
    assert values.shape[1] == 2
    assert np.abs(values[:, 1]).max() < 1e-9
