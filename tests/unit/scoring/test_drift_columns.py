"""Each column's tests give SciPy's figures, add up over pieces, and see what they are there for."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from scoring.drift.baselines import categorical, numeric
from scoring.drift.classifier import area_p
from scoring.drift.column_tests import merged, of_numbers, of_texts
from scoring.drift.psi import psi, psi_by_chance

VALUES = arrays.arrays(np.float64, st.integers(2, 60), elements=st.integers(-9, 9).map(float))
TEXTS = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=60)


def test_of(column, name):
    return next(test for test in column.tests if test.test == name)


test_of.__test__ = False  # type: ignore[attr-defined]  # a helper, whatever it is called


@given(VALUES, VALUES)
def test_the_distance_of_two_samples_is_scipys_ties_and_all(then, now):
    baseline = numeric(then)
    found = test_of(of_numbers(baseline, baseline.count(now)), "ks")
    assert found.statistic == pytest.approx(stats.ks_2samp(then, now, method="asymp").statistic, abs=1e-9)


@given(VALUES, VALUES, VALUES)
def test_counts_of_pieces_are_those_of_the_whole(then, first, second):
    baseline = numeric(then)
    together = baseline.count(np.concatenate([first, second]))
    assert (baseline.count(first) + baseline.count(second) == together).all()


@given(VALUES)
def test_a_baseline_counted_against_itself_has_not_moved(then):
    baseline = numeric(then)
    assert (baseline.count(then) == baseline.own()).all()
    column = of_numbers(baseline, baseline.own())
    assert test_of(column, "ks").statistic == pytest.approx(0.0, abs=1e-12)
    assert column.psi == pytest.approx(0.0, abs=1e-12)


@given(TEXTS, TEXTS)
def test_texts_are_counted_and_the_share_of_missing_ones_is_told(then, now):
    baseline = categorical(then)
    column = of_texts(baseline, baseline.count(now))
    assert test_of(column, "missing_share").statistic == now.count(None) / len(now)
    assert sum(column.now) == len(now)
    assert sum(column.then) == len(then)


def test_chi_square_is_scipys_where_no_text_is_rare():
    then = Counter(a=400, b=300, c=300)
    now: Counter[str | None] = Counter({"a": 90, "b": 60, "c": 50})
    baseline = categorical([text for text, count in then.items() for _ in range(count)])
    found = test_of(of_texts(baseline, now), "chi_square")
    expected = stats.chi2_contingency([[400, 300, 300], [90, 60, 50]], correction=False)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)


def test_rare_texts_stand_together():
    table = np.array([[1000.0, 900.0, 3.0, 2.0], [100.0, 90.0, 8.0, 9.0]])
    assert merged(table).tolist() == [[1000.0, 905.0], [100.0, 107.0]]


def test_the_index_is_that_of_a_table_reckoned_by_hand():
    # (0.3-0.2)ln(0.3/0.2) + (0.5-0.5)ln 1 + (0.2-0.3)ln(0.2/0.3) = 0.1 ln 1.5 + 0.1 ln 1.5
    assert psi(np.array([20, 50, 30]), np.array([30, 50, 20])) == pytest.approx(0.0810930216216329, abs=1e-9)


def test_an_empty_bin_counts_as_half_a_row_and_one_that_both_lack_not_at_all():
    assert psi(np.array([10, 10, 0]), np.array([20, 0, 0])) == pytest.approx(
        (0.5 - 20 / 20.5) * np.log(0.5 / (20 / 20.5)) + (0.5 - 0.5 / 20.5) * np.log(0.5 / (0.5 / 20.5))
    )


def test_chance_alone_passes_the_folk_threshold_at_thirty_rows_and_not_at_a_thousand():
    then = np.full(10, 1000)
    assert psi_by_chance(then, 30) > 0.2 > psi_by_chance(then, 1000)


def test_a_text_that_never_came_is_seen_and_a_long_tail_of_names_is_no_drift():
    baseline = categorical(["a"] * 600 + ["b"] * 400)
    now: Counter[str | None] = Counter({"a": 500, "b": 400, "new": 50})
    fresh = test_of(of_texts(baseline, now), "unseen_categories")
    assert fresh.p_value < 1e-6
    assert fresh.effect_share == pytest.approx(50 / 950)
    chance = np.random.default_rng(1)
    names = categorical([f"name {number}" for number in chance.zipf(1.5, 20_000)])
    tail: Counter[str | None] = Counter(f"name {number}" for number in chance.zipf(1.5, 1_000))
    assert test_of(of_texts(names, tail), "unseen_categories").p_value > 0.001


def test_a_column_that_is_wholly_missing_now_has_no_distribution_to_hold_against():
    baseline = numeric(np.arange(100.0))
    column = of_numbers(baseline, baseline.count(np.full(50, np.nan)))
    assert [test.test for test in column.tests] == ["missing_share"]
    assert column.tests[0].p_value < 1e-20


@given(VALUES, VALUES)
@pytest.mark.filterwarnings("ignore:divide by zero")  # SciPy's, where all values are alike
def test_the_area_is_the_share_of_pairs_in_order(old, new):
    area, p = area_p(old, new)
    pairs = (new[:, None] > old[None, :]).mean() + (new[:, None] == old[None, :]).mean() / 2
    assert area == pytest.approx(pairs)
    expected = stats.mannwhitneyu(new, old, alternative="greater", method="asymptotic", use_continuity=False)
    if len({*old, *new}) > 1:
        assert p == pytest.approx(expected.pvalue, abs=1e-9)
