"""A fit that is out of time in its first round has a number of rounds all the same."""

import numpy as np
import pytest

from training_jobs.early_stopping import fit_early
from training_jobs.estimators import make_estimator


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_a_booster_that_is_late_at_once_has_one_round(name: str) -> None:
    random = np.random.default_rng(1)
    rows = random.normal(size=(200, 3))
    seen = (rows, rows[:, 0], None)
    estimator = make_estimator(name, "regression", {}, 1, 1)
    assert fit_early(name, estimator, seen, seen, lambda: True) == 1
