"""The chances are SciPy's, and the exact ones are what counting every order gives."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from scoring.drift.family import holm
from scoring.drift.nulls import beyond_p, chi2_sf, hypergeometric_sf, kolmogorov_sf, normal_sf, share_p


def close(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@given(st.floats(0.0, 8.0))
def test_kolmogorovs_distribution_is_scipys(x):
    assert kolmogorov_sf(x) == close(special.kolmogorov(x))


@given(st.floats(0.001, 400.0), st.integers(1, 120))
def test_the_chi_square_distribution_is_scipys(x, degrees):
    assert chi2_sf(x, degrees) == close(stats.chi2.sf(x, degrees))


@given(st.floats(-8.0, 8.0))
def test_the_normal_distribution_is_scipys(z):
    assert normal_sf(z) == close(stats.norm.sf(z))


@given(st.integers(1, 3000), st.integers(1, 3000), st.data())
def test_the_hypergeometric_tail_is_scipys(window, rest, data):
    total = window + rest
    marked = data.draw(st.integers(0, total))
    seen = data.draw(st.integers(0, min(window, marked)))
    found = hypergeometric_sf(seen, window=window, marked=marked, total=total)
    assert found == pytest.approx(stats.hypergeom.sf(seen - 1, total, marked, window), rel=1e-8, abs=1e-11)


def test_a_share_of_ten_million_rows_is_tested_in_no_time_and_rightly():
    p = share_p(200_500, 10_000_000, 1_000, 50_000)
    tail = stats.hypergeom.sf(200_499, 10_050_000, 201_500, 10_000_000)
    assert p == pytest.approx(2 * min(tail, 1 - tail), rel=1e-4)


@pytest.mark.parametrize(("window", "baseline"), [(3, 4), (5, 3), (4, 2)])
def test_rows_beyond_the_baselines_ends_are_as_likely_as_counting_every_order_says(window, baseline):
    total = window + baseline
    orders = itertools.combinations(range(total), baseline)
    outside = [ours[0] + total - 1 - ours[-1] for ours in orders]
    for seen in range(window + 1):
        exact = sum(1 for count in outside if count >= seen) / math.comb(total, baseline)
        assert beyond_p(seen, window, baseline) == pytest.approx(exact, rel=1e-12)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values):
    rate, remaining, rejected = 0.05, len(p_values), set()
    for index in sorted(range(len(p_values)), key=p_values.__getitem__):
        if p_values[index] * remaining > rate:
            break
        rejected.add(index)
        remaining -= 1
    adjusted = holm(np.array(p_values))
    assert {int(index) for index in np.flatnonzero(adjusted <= rate)} == rejected


def test_what_was_not_tested_takes_no_part():
    assert holm(np.array([np.nan, 0.02, 0.5])).tolist()[1:] == [0.04, 0.5]
