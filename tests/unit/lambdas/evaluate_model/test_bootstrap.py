"""Paired resamples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.evaluate_model.bootstrap import gain_of, resampled_gains
from scoring.regression import rmse_error

FINITE = st.floats(-1e9, 1e9)


@given(old=FINITE, new=FINITE, metric=st.sampled_from(["rmse_error", "r2_score"]))
def test_a_gain_is_finite_and_has_the_sign_of_the_improvement(old: float, new: float, metric: str) -> None:
    gain = gain_of(metric, old, new)
    assert np.isfinite(gain)
    better = new > old if metric == "r2_score" else new < old
    assert (gain > 0) == better or gain == 0


def test_a_gain_is_relative_to_the_old_figure() -> None:
    assert gain_of("rmse_error", 50.0, 40.0) == pytest.approx(0.2)
    assert gain_of("r2_score", 0.8, 0.6) == pytest.approx(-0.25)


def test_the_interval_of_resamples_is_that_of_theory() -> None:
    """The mean of squares of n normal errors deviates by sqrt(2 / n) of itself; its root by half of that."""
    random = np.random.default_rng(1)
    target = np.zeros(2000)
    noise = random.normal(0, 1, 2000)
    gains = resampled_gains(
        "rmse_error", rmse_error(target, np.ones(2000)), rmse_error(target, noise), 2000, 1000
    )
    assert gains.std() == pytest.approx(np.sqrt(2 / 2000) / 2, rel=0.15)


def test_errors_in_common_cancel_out() -> None:
    random = np.random.default_rng(2)
    target, shared = np.zeros(500), random.normal(0, 1, 500)
    gains = resampled_gains(
        "rmse_error", rmse_error(target, shared), rmse_error(target, 0.9 * shared), 500, 200
    )
    assert gains == pytest.approx(0.1)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    old, new = (rmse_error(np.zeros(50), random.normal(0, 1, 50)) for _ in range(2))
    whole = resampled_gains("rmse_error", old, new, 50, 30)
    monkeypatch.setattr("lambdas.evaluate_model.bootstrap._BLOCK", 120)
    assert resampled_gains("rmse_error", old, new, 50, 30) == pytest.approx(whole)
