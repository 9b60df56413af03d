"""A window is judged as a whole: quiet where nothing moved, loud where enough rows did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scoring.drift.baselines import Baseline, baseline_of
from scoring.drift.judging import ALL_COLUMNS, DRIFT, INSUFFICIENT_DATA, NO_DRIFT, Judgement, Rule, judge

Rows = dict[str, np.ndarray[Any, Any]]


def rows_of(chance: np.random.Generator, size: int) -> Rows:
    """Two columns that go together, one with missing values, and texts."""
    first = chance.normal(size=size)
    second = 0.9 * first + np.sqrt(1 - 0.81) * chance.normal(size=size)
    sensor = np.where(chance.random(size) < 0.02, np.nan, chance.normal(size=size))
    return {
        "first": first,
        "second": second,
        "sensor": sensor,
        "text": chance.choice(np.array(["a", "b", "c"], dtype=object), size, p=[0.6, 0.3, 0.1]),
    }


@pytest.fixture(scope="module")
def then() -> Rows:
    return rows_of(np.random.default_rng(7), 20_000)


@pytest.fixture(scope="module")
def baselines(then: Rows) -> dict[str, Baseline]:
    return {name: baseline_of(values) for name, values in then.items()}


def judged(baselines: dict[str, Baseline], then: Rows, now: Rows, rule: Rule | None = None) -> Judgement:
    counted = {name: baselines[name].count(values) for name, values in now.items()}
    return judge(baselines, counted, len(now["first"]), rule or Rule(), samples=(then, now))


def test_rows_from_the_same_source_are_quiet(then, baselines):
    found = [judged(baselines, then, rows_of(np.random.default_rng(seed), 1_000)) for seed in range(30)]
    assert {judgement.status for judgement in found} == {NO_DRIFT}


@pytest.mark.parametrize("seed", range(5))
def test_a_shift_of_three_tenths_of_a_deviation_is_seen_in_a_thousand_rows(then, baselines, seed):
    now = rows_of(np.random.default_rng(100 + seed), 1_000)
    now["first"] = now["first"] + 0.3
    assert "first" in {finding.column for finding in judged(baselines, then, now).drifted}


@pytest.mark.parametrize("seed", range(5))
def test_a_broken_sensor_and_a_new_category_are_seen_for_what_they_are(then, baselines, seed):
    chance = np.random.default_rng(200 + seed)
    now = rows_of(chance, 1_000)
    now["sensor"] = np.where(chance.random(1_000) < 0.2, np.nan, now["sensor"])
    now["text"] = np.where(chance.random(1_000) < 0.05, "new", now["text"]).astype(object)
    found = {(finding.column, finding.test) for finding in judged(baselines, then, now).drifted}
    assert {("sensor", "missing_share"), ("text", "unseen_categories")} <= found


def test_columns_that_no_longer_go_together_are_seen_by_the_classifier_alone(then, baselines):
    chance = np.random.default_rng(300)
    now = rows_of(chance, 2_000)
    now["second"] = chance.permutation(now["second"])
    assert {finding.column for finding in judged(baselines, then, now).drifted} == {ALL_COLUMNS}


def test_few_rows_say_nothing_and_say_so(then, baselines):
    now = {name: values[:199] for name, values in then.items()}
    assert judged(baselines, then, now).status == INSUFFICIENT_DATA


def test_a_difference_that_is_sure_and_small_is_nobodys_business(then, baselines):
    now = rows_of(np.random.default_rng(400), 1_000_000)
    now["first"] = now["first"] + 0.02
    judgement = judged(baselines, then, now, Rule(min_effect_share=0.05))
    assert judgement.status == NO_DRIFT
    assert judged(baselines, then, now, Rule(min_effect_share=0.0, false_alarm_rate=0.2)).status == DRIFT


def test_a_column_that_the_window_lacks_is_not_judged(then, baselines):
    now = {name: values for name, values in then.items() if name != "sensor"}
    assert "sensor" not in judged(baselines, then, now).columns
