"""A cross-validation keeps rows apart as the dataset's split does."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.split import BY_ROW, Split
from training_jobs.errors import DatasetError
from training_jobs.folds import encoding_folds, forward_folds, split_rows

BY_GROUP = Split(by="group", group="customer", time="", gap_days=0)
BY_TIME = Split(by="time", group="", time="sold_at", gap_days=2)


def test_every_row_is_judged_once() -> None:
    folds = split_rows(np.arange(10.0), "regression", BY_ROW, None, 3, 1)
    assert sorted(np.concatenate([judged for _, judged in folds])) == list(range(10))
    assert all(not set(learnt) & set(judged) for learnt, judged in folds)


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_a_group_is_never_on_both_sides(task: str) -> None:
    groups = np.random.default_rng(3).integers(0, 12, 200)
    target = groups % 2 if task == "classification" else groups.astype(float)
    folds = split_rows(target, task, BY_GROUP, groups, 3, 1)
    assert len(folds) == 3
    for learnt, judged in folds:
        assert not set(groups[learnt]) & set(groups[judged])
        assert len(learnt) + len(judged) == 200


def test_fewer_groups_than_folds_are_told() -> None:
    with pytest.raises(DatasetError, match="2 customer, fewer than the 3 folds"):
        split_rows(np.arange(4.0), "regression", BY_GROUP, np.array([1, 1, 2, 2]), 3, 1)


def test_classes_are_spread_evenly() -> None:
    target = np.array(["rare"] * 6 + ["usual"] * 54)
    for _, judged in split_rows(target, "classification", BY_ROW, None, 3, 5):
        assert (target[judged] == "rare").sum() == 2


def test_time_is_learnt_from_the_past_less_the_gap() -> None:
    days = np.random.default_rng(2).permutation(np.repeat(np.arange(40), 3))
    folds = split_rows(np.zeros(120), "regression", BY_TIME, days, 3, 1)
    assert len(folds) == 3
    for learnt, judged in folds:
        assert days[learnt].max() < days[judged].min() - 2
    assert not set(folds[0][1]) & set(folds[1][1])


def test_rows_of_one_time_have_no_past() -> None:
    with pytest.raises(DatasetError, match="all of one time"):
        forward_folds(np.zeros(9), 3, 0)


@pytest.mark.parametrize("split", [BY_ROW, BY_GROUP, BY_TIME], ids=["row", "group", "time"])
@pytest.mark.parametrize("kinds", [1, 2, 7, 300])
def test_every_row_is_encoded_once_by_others(split: Split, kinds: int) -> None:
    keys = np.random.default_rng(kinds).integers(0, kinds, 300)
    folds = encoding_folds(np.arange(300.0), "regression", split, keys, 1)
    assert sorted(np.concatenate([encoded for _, encoded in folds])) == list(range(300))
    for learnt, encoded in folds:
        assert len(learnt)
        assert not set(learnt) & set(encoded)
        assert kinds == 1 or not set(keys[learnt]) & set(keys[encoded])


def test_a_time_is_encoded_by_what_came_before_it() -> None:
    days = np.random.default_rng(2).permutation(np.repeat(np.arange(50), 2))
    first, *later = encoding_folds(np.zeros(100), "regression", BY_TIME, days, 1)
    assert len(later) == 4
    assert days[first[1]].max() < days[first[0]].min()
    assert all(days[learnt].max() < days[encoded].min() for learnt, encoded in later)


def test_rows_mostly_of_the_first_time_are_encoded_all_the_same() -> None:
    days = np.array([1] * 95 + [2, 3, 4, 5, 6])
    folds = encoding_folds(np.zeros(100), "regression", BY_TIME, days, 1)
    assert sorted(np.concatenate([encoded for _, encoded in folds])) == list(range(100))
    assert all(len(learnt) for learnt, _ in folds)
