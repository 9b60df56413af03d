"""What a classifier's figure would be by its own probabilities, and how sure a figure is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.estimates import by_own_probabilities, interval
from scoring.figures import overall
from scoring.metrics import judged

CLASSES = 3


def probabilities(rows: int, seed: int, classes: int = CLASSES) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(classes, 0.4), rows)


@given(st.integers(1, 60), st.integers(0, 10_000))
def test_the_estimated_accuracy_is_the_mean_of_each_rows_greatest_probability(rows, seed):
    """By hand: where the model is right as often as it says, it is right so often on average."""
    answers = probabilities(rows, seed)
    assert by_own_probabilities("accuracy_score", answers) == pytest.approx(answers.max(axis=1).mean())


@pytest.mark.parametrize("metric", ["accuracy_score", "log_loss_error"])
def test_of_calibrated_probabilities_the_estimate_is_what_the_labels_would_say(metric):
    answers = probabilities(20_000, 7)
    chance = np.random.default_rng(8)
    truth = (answers.cumsum(axis=1) > chance.random((len(answers), 1))).argmax(axis=1)
    told = overall(judged(metric, truth, answers), len(answers))
    assert by_own_probabilities(metric, answers) == pytest.approx(told, abs=0.01)


def test_of_a_model_that_is_too_sure_the_estimate_is_too_good():
    """Which is why an estimate raises no alarm."""
    honest = probabilities(20_000, 9)
    chance = np.random.default_rng(10)
    truth = (honest.cumsum(axis=1) > chance.random((len(honest), 1))).argmax(axis=1)
    sure = honest**3 / (honest**3).sum(axis=1, keepdims=True)
    told = overall(judged("accuracy_score", truth, sure), len(sure))
    assert by_own_probabilities("accuracy_score", sure) > told + 0.03


def test_the_interval_holds_the_figure_and_narrows_with_rows():
    widths = []
    for rows in (200, 5_000):
        chance = np.random.default_rng(11)
        target = chance.normal(0, 1, rows)
        figure = judged("rmse_error", target, target + chance.normal(0, 1, rows))
        low, high = interval(figure, rows, 0.99)
        assert low < overall(figure, rows) < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2
