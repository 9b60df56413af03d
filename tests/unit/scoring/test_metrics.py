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
from scoring.classification import TWO_CLASSES
from scoring.figures import on_rows, overall, weighted
from scoring.metrics import METRICS, figure_of, metrics_of

# To nine decimals: the ratio of a number to one beside zero overflows in scikit-learn.
VALUES = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 9))
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
    if metric == "mape_error":
        return float(reference.mean_absolute_percentage_error(target, answers))
    if metric == "poisson_deviance_error":
        return float(reference.mean_poisson_deviance(target, answers))
    if metric.startswith("pinball"):
        return float(reference.mean_pinball_loss(target, answers, alpha=0.9))
    classes = list(range(answers.shape[1]))
    chosen = answers.argmax(axis=1)
    if metric == "log_loss_error":
        return float(reference.log_loss(target, answers, labels=classes))
    if metric == "accuracy_score":
        return float(reference.accuracy_score(target, chosen))
    if metric == "f1_score":
        return float(reference.f1_score(target, chosen, average="macro"))
    if metric == "mcc_score":
        return float(reference.matthews_corrcoef(target, chosen))
    if metric == "balanced_accuracy_score":
        return float(np.mean([(chosen[target == c] == c).mean() for c in np.unique(target)]))
    if metric == "brier_error":
        return float(reference.brier_score_loss(target, answers, labels=classes))
    area = metric == "roc_auc_score"
    rank = reference.roc_auc_score if area else reference.average_precision_score
    if len(classes) == 2:
        return float(rank(target, answers[:, 1]))
    known = [c for c in classes if (target == c).any() and not (area and (target == c).all())]
    return float(np.mean([rank(target == c, answers[:, c]) for c in known]))


def test_every_declared_metric_is_there() -> None:
    assert set(METRICS) == {name for names in DECLARED.values() for name in names}


@pytest.mark.parametrize("metric", [*DECLARED["regression"], "pinball_0.9_error"])
@given(data=regressions())
@settings(max_examples=60, deadline=None)
def test_a_regressions_metric_is_scikit_learns(metric: str, data: tuple[Any, Any, Any]) -> None:
    target, answers, weights = data
    if np.ptp(np.repeat(target, weights)) < 1e-3 if weights.sum() else True:
        return
    if metric == "poisson_deviance_error":
        target, answers = np.abs(target), np.abs(answers) + 0.5
    found = figure_of(metric)(target, answers)(weights[np.newaxis].astype(float))[0]
    assert found == pytest.approx(expected(metric, target, answers, weights), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("metric", DECLARED["classification"])
@given(data=classifications())
@settings(max_examples=60, deadline=None)
def test_a_classifications_metric_is_scikit_learns(metric: str, data: tuple[Any, Any, Any]) -> None:
    target, answers, weights = data
    if len(np.unique(np.repeat(target, weights))) < 2:
        return
    found = figure_of(metric)(target, answers)(weights[np.newaxis].astype(float))[0]
    assert found == pytest.approx(expected(metric, target, answers, weights), rel=1e-9, abs=1e-12)


def test_many_weightings_are_answered_at_once() -> None:
    target, answers = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0])
    weights = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert figure_of("mae_error")(target, answers)(weights).tolist() == [1.0, 0.0, 1.0]


def test_a_mask_gives_the_figure_of_its_rows() -> None:
    figure = figure_of("rmse_error")(np.array([1.0, 5.0, 9.0]), np.array([1.0, 2.0, 9.0]))
    assert on_rows(figure, np.array([False, True, False])) == 3.0
    assert overall(figure, 3) == pytest.approx(np.sqrt(3.0))


@pytest.mark.parametrize("metric", ["roc_auc_score", "r2_score"])
def test_what_its_rows_cannot_give_is_not_a_number(metric: str) -> None:
    if metric == "r2_score":
        figure = figure_of(metric)(np.array([2.0, 2.0]), np.array([1.0, 2.0]))
    else:
        figure = figure_of(metric)(np.array([1, 1]), np.array([[0.4, 0.6], [0.3, 0.7]]))
    assert np.isnan(overall(figure, 2))


def test_a_narrow_slice_of_a_wide_target_keeps_its_digits() -> None:
    target = np.array([1.7e8, 0.0, 0.0, 1.0])
    figure = figure_of("r2_score")(target, np.zeros(4))
    assert on_rows(figure, np.array([False, True, True, True])) == pytest.approx(-0.5)


def test_values_alike_but_for_rounding_have_no_spread() -> None:
    assert np.isnan(overall(figure_of("r2_score")(np.full(7, 0.1), np.full(7, 0.2)), 7))


def test_no_rows_have_no_figure() -> None:
    figure = figure_of("rmse_error")(np.array([1.0]), np.array([2.0]))
    assert np.isnan(on_rows(figure, np.array([False])))


def test_a_rows_weight_counts_wherever_the_row_does() -> None:
    figure = weighted(
        figure_of("mae_error")(np.array([1.0, 2.0]), np.array([0.0, 0.0])), np.array([3.0, 1.0])
    )
    assert overall(figure, 2) == pytest.approx(5 / 4)


def test_a_count_that_is_answered_below_zero_has_no_poisson_deviance_but_where_it_does_not_count() -> None:
    figure = figure_of("poisson_deviance_error")(np.array([1.0, 2.0]), np.array([-1.0, 2.0]))
    assert np.isnan(overall(figure, 2))
    assert on_rows(figure, np.array([False, True])) == 0.0


def test_a_threshold_decides_between_two_classes_and_never_among_more() -> None:
    target, answers = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.7, 0.3], [0.6, 0.4]])
    assert overall(figure_of("accuracy_score")(target, answers), 3) == pytest.approx(1 / 3)
    assert overall(figure_of("accuracy_score")(target, answers, threshold=0.3), 3) == 1.0
    three = np.column_stack([answers, np.zeros(3)])
    assert three.shape[1] > TWO_CLASSES
    assert overall(figure_of("accuracy_score")(target, three, threshold=0.3), 3) == pytest.approx(1 / 3)


def test_an_unknown_name_is_no_metric() -> None:
    with pytest.raises(KeyError, match="pinball_2_error"):
        figure_of("pinball_2_error")


def test_a_table_of_metrics_leaves_out_what_the_rows_cannot_give() -> None:
    found = metrics_of("regression", np.full(3, 2.0), np.full(3, 1.0), also="pinball_0.5_error")
    assert "r2_score" not in found
    assert found["pinball_0.5_error"] == 0.5
