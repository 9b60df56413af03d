"""Rows built to give their answers away across a careless split: cross-validation that keeps them apart says
what a model is worth, and one that does not is shown to be fooled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import KNeighborsRegressor

from contracts.split import BY_ROW, Split
from training_jobs.folds import split_rows

Floats = npt.NDArray[np.float64]
FOLDS, SEED = 5, 3
BY_GROUP = Split(by="group", group="customer", time="", gap_days=0)
BY_TIME = Split(by="time", group="", time="sold", gap_days=0)


def explained_share(inputs: Floats, target: Floats, split: Split, keys: Any) -> float:
    """R2 over the folds of what remembers the nearest row that it has seen."""
    truth, answers = [], []
    for learnt, judged in split_rows(target, "regression", split, keys, FOLDS, SEED):
        model = KNeighborsRegressor(n_neighbors=1).fit(inputs[learnt], target[learnt])
        truth.append(target[judged])
        answers.append(model.predict(inputs[judged]))
    off, spread = np.concatenate(truth) - np.concatenate(answers), np.concatenate(truth)
    return 1 - float(np.square(off).sum() / np.square(spread - spread.mean()).sum())


def test_what_only_a_customers_other_rows_tell_is_no_merit_by_group() -> None:
    random = np.random.default_rng(SEED)
    customer = np.repeat(np.arange(80), 6)
    age, habit = random.uniform(18, 80, 80), random.normal(0, 10, 80)
    inputs = age[customer][:, np.newaxis] + random.normal(0, 1e-3, (len(customer), 1))
    spend = habit[customer] + random.normal(0, 1, len(customer))
    assert explained_share(inputs, spend, BY_ROW, None) > 0.9
    assert explained_share(inputs, spend, BY_GROUP, customer) < 0.1


def test_what_only_the_days_around_tell_is_no_merit_by_time() -> None:
    random = np.random.default_rng(SEED)
    day = np.arange(500)
    price = 10 * np.sin(day / 10) + random.normal(0, 1, len(day))
    inputs = day[:, np.newaxis].astype(np.float64)
    assert explained_share(inputs, price, BY_ROW, None) > 0.9
    assert explained_share(inputs, price, BY_TIME, day) < 0.1


def test_what_only_a_rows_copies_tell_is_no_merit_where_equal_rows_stay_together() -> None:
    random = np.random.default_rng(SEED)
    copies = np.repeat(np.arange(150), 4)
    inputs = random.normal(size=(150, 3))[copies]
    answer = random.normal(size=150)[copies]
    assert explained_share(inputs, answer, BY_ROW, None) > 0.9
    assert explained_share(inputs, answer, BY_ROW, copies) < 0.1
