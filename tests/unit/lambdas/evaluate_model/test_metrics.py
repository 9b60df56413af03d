"""The metrics say what scikit-learn says, with and without weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from contracts.training import METRICS as DECLARED
from lambdas.evaluate_model.metrics import METRICS, on_rows, overall

VALUES = st.floats(-1e6, 1e6, allow_nan=False)
COUNTS = st.integers(2, 40)


@st.composite
def regressions(draw: Any) -> tuple[Any, Any, Any]:
    size = draw(COUNTS)
    columns = [draw(arrays.arrays(np.float64, size, elements=VALUES)) for _ in range(2)]
    return (*columns, draw(arrays.arrays(np.int64, size, elements=st.integers(0, 5))))


@st.composite
def classifications(draw: Any) -> tuple[Any, Any, Any]:
    size, classes = draw(COUNTS), draw(st.integers(2, 4))
    target = draw(arrays.arrays(np.int64, size, elements=st.integers(0, classes - 1)))
    # Few distinct scores, so that ties are common.
    scores = draw(arrays.arrays(np.float64, (size, classes), elements=st.sampled_from([0.1, 0.2, 0.5, 1.0])))
    weights = draw(arrays.arrays(np.int64, size, elements=st.integers(0, 5)))
    return target, scores / scores.sum(axis=1, keepdims=True), weights


def expected(metric: str, target: Any, answers: Any, weights: Any) -> float:
    """scikit-learn's figure of the same rows, each repeated as often as its weight says."""
    target, answers = np.repeat(target, weights), np.repeat(answers, weights, axis=0)
    if metric == "rmse_error":
        return float(reference.root_mean_squared_error(target, answers))
    if metric == "mae_error":
        return float(reference.mean_absolute_error(target, answers))
    if metric == "r2_score":
        return float(reference.r2_score(target, answers))
    classes = list(range(answers.shape[1]))
    chosen = answers.argmax(axis=1)
    if metric == "log_loss_error":
        return float(reference.log_loss(target, answers, labels=classes))
    if metric == "accuracy_score":
        return float(reference.accuracy_score(target, chosen))
    if metric == "f1_score":
        return float(reference.f1_score(target, chosen, average="macro"))
    if len(classes) == 2:
        return float(reference.roc_auc_score(target, answers[:, 1]))
    areas = [
        reference.roc_auc_score(target == c, answers[:, c]) for c in classes if 0 < (target == c).mean() < 1
    ]
    return float(np.mean(areas))


def test_every_declared_metric_is_there() -> None:
    assert set(METRICS) == {name for names in DECLARED.values() for name in names}


@pytest.mark.parametrize("metric", DECLARED["regression"])
@given(data=regressions())
@settings(max_examples=60, deadline=None)
def test_a_regressions_metric_is_scikit_learns(metric: str, data: tuple[Any, Any, Any]) -> None:
    target, answers, weights = data
    if np.ptp(np.repeat(target, weights)) < 1e-3 if weights.sum() else True:
        return
    found = METRICS[metric](target, answers)(weights[np.newaxis].astype(float))[0]
    assert found == pytest.approx(expected(metric, target, answers, weights), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("metric", DECLARED["classification"])
@given(data=classifications())
@settings(max_examples=60, deadline=None)
def test_a_classifications_metric_is_scikit_learns(metric: str, data: tuple[Any, Any, Any]) -> None:
    target, answers, weights = data
    if len(np.unique(np.repeat(target, weights))) < 2:
        return
    found = METRICS[metric](target, answers)(weights[np.newaxis].astype(float))[0]
    assert found == pytest.approx(expected(metric, target, answers, weights), rel=1e-9)


def test_many_weightings_are_answered_at_once() -> None:
    target, answers = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0])
    weights = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert METRICS["mae_error"](target, answers)(weights).tolist() == [1.0, 0.0, 1.0]


def test_a_mask_gives_the_figure_of_its_rows() -> None:
    figure = METRICS["rmse_error"](np.array([1.0, 5.0, 9.0]), np.array([1.0, 2.0, 9.0]))
    assert on_rows(figure, np.array([False, True, False])) == 3.0
    assert overall(figure, 3) == pytest.approx(np.sqrt(3.0))


@pytest.mark.parametrize("metric", ["roc_auc_score", "r2_score"])
def test_what_its_rows_cannot_give_is_not_a_number(metric: str) -> None:
    if metric == "r2_score":
        figure = METRICS[metric](np.array([2.0, 2.0]), np.array([1.0, 2.0]))
    else:
        figure = METRICS[metric](np.array([1, 1]), np.array([[0.4, 0.6], [0.3, 0.7]]))
    assert np.isnan(overall(figure, 2))


def test_a_narrow_slice_of_a_wide_target_keeps_its_digits() -> None:
    target = np.array([1.7e8, 0.0, 0.0, 1.0])
    figure = METRICS["r2_score"](target, np.zeros(4))
    assert on_rows(figure, np.array([False, True, True, True])) == pytest.approx(-0.5)


def test_values_alike_but_for_rounding_have_no_spread() -> None:
    assert np.isnan(overall(METRICS["r2_score"](np.full(7, 0.1), np.full(7, 0.2)), 7))


def test_no_rows_have_no_figure() -> None:
    figure = METRICS["rmse_error"](np.array([1.0]), np.array([2.0]))
    assert np.isnan(on_rows(figure, np.array([False])))
