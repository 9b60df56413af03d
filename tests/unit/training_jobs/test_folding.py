from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_jobs.export.folding import Transform, TreeInput, fold, largest_passing, missing_goes_left

finite = st.floats(allow_nan=False, allow_infinity=False)
small = st.floats(min_value=-1e30, max_value=1e30, allow_nan=False)


@given(threshold=small, mean=small, scale=st.floats(min_value=1e-6, max_value=1e6), x=finite)
@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("comparison", ["<=", "<"])
def test_a_raw_value_takes_the_branch_of_its_scaled_one(
    precision: str, comparison: str, threshold: float, mean: float, scale: float, x: float
) -> None:
    chain = (Transform("scale", mean, scale),)
    reader = TreeInput(precision, comparison)  # type: ignore[arg-type]
    bound = fold(chain, np.array([threshold]), reader)[0]

    for value in (x, bound, math.nextafter(bound, math.inf), math.nextafter(bound, -math.inf)):
        if math.isfinite(value):
            scaled = chain[0](np.array([value]))
            assert (value <= bound) == reader.goes_left(scaled, np.array([threshold]))[0]


@given(finite)
def test_the_bisection_finds_every_double(wanted: float) -> None:
    found = largest_passing(lambda values: values <= wanted, 1)[0]

    assert found == wanted


def test_nothing_is_folded_where_raw_doubles_are_compared() -> None:
    thresholds = np.array([3.0, -1.0, 3.0])

    assert fold((), thresholds, TreeInput("float64", "<=")) is thresholds


def test_a_missing_value_goes_where_its_imputed_one_goes() -> None:
    chain = (Transform("impute", 5.0), Transform("scale", 1.0, 2.0))
    reader = TreeInput("float64", "<=")
    own = np.array([False, True])

    assert missing_goes_left(chain, np.array([2.0, 1.9]), reader, own).tolist() == [True, False]
    assert missing_goes_left((), np.array([2.0, 1.9]), reader, own) is own
