"""No constant beats the one that is called best."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.training import METRICS, higher_is_better
from scoring.constants import best_constant, constant_answers, weighted_quantile
from scoring.figures import overall
from scoring.metrics import figure_of

REGRESSION = [*METRICS["regression"], "pinball_0.9_error", "pinball_0.25_error"]
RIVAL = st.floats(0.01, 1)
COUNTS = st.lists(st.integers(1, 50), min_size=3, max_size=30)


def figure(metric: str, target: Any, answer: Any) -> float:
    like = np.full(len(target), float(answer[0])) if len(answer) == 1 else np.tile(answer, (len(target), 1))
    return overall(figure_of(metric)(target, like), len(target))


@pytest.mark.parametrize("metric", REGRESSION)
@given(values=COUNTS, rival=st.floats(1, 50))
@settings(max_examples=60, deadline=None)
def test_no_other_value_is_better(metric: str, values: list[int], rival: float) -> None:
    target = np.array(values, dtype=float)
    if np.ptp(target) == 0:
        return
    best, other = figure(metric, target, best_constant(metric, target)), figure(metric, target, [rival])
    assert (best >= other if higher_is_better(metric) else best <= other) or best == pytest.approx(other)


@pytest.mark.parametrize("metric", ["log_loss_error", "brier_error", "accuracy_score"])
@given(
    values=st.lists(st.integers(0, 2), min_size=3, max_size=30), rival=st.tuples(*[st.floats(0.01, 1)] * 3)
)
@settings(max_examples=60, deadline=None)
def test_no_other_probabilities_are_better(metric: str, values: list[int], rival: Any) -> None:
    target, other = np.array(values), np.array(rival) / sum(rival)
    best, worse = figure(metric, target, best_constant(metric, target, 3)), figure(metric, target, other)
    assert (best >= worse if higher_is_better(metric) else best <= worse) or best == pytest.approx(worse)


def test_a_median_is_the_usual_one_and_weights_move_it() -> None:
    values = np.array([1.0, 2.0, 3.0, 10.0])
    assert weighted_quantile(values, 0.5, np.ones(4)) == 2.5
    assert weighted_quantile(values, 0.5, np.array([1.0, 1.0, 1.0, 9.0])) == 10.0


def test_the_answers_take_the_shape_of_a_models() -> None:
    assert constant_answers("mae_error", np.array([1.0, 2.0, 9.0]), np.zeros(3)).tolist() == [2.0] * 3
    found = constant_answers("log_loss_error", np.array([0, 1, 1, 1]), np.zeros((4, 2)))
    assert found.tolist() == [[0.25, 0.75]] * 4
