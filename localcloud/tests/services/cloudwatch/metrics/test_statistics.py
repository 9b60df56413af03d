"""Statistics of a period: basic ones, percentiles, and those over a part of the values."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.cloudwatch.metrics.buckets import MAX_EXACT_VALUES, Bucket, Track
from localcloud.services.cloudwatch.metrics.statistics import (
    StatisticError,
    is_extended,
    percentile_share,
    statistic,
)


def bucket(*values, counts=None):
    made = Bucket()
    for position, value in enumerate(values):
        made.add(value, counts[position] if counts else 1.0)
    return made


def test_basic_statistics():
    made = bucket(1.0, 2.0, 6.0)
    names = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
    assert [statistic(name)(made) for name in names] == [3, 9, 3, 1, 6]


def test_counts_weigh_values():
    made = bucket(1.0, 10.0, counts=[9.0, 1.0])
    assert statistic("Average")(made) == 1.9
    assert statistic("p50")(made) == 1.0
    assert statistic("Maximum")(made) == 10.0


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.integers(0, 1000))
def test_percentiles_agree_with_numpy(values, permille):
    percent = permille / 10
    expected = numpy.percentile(values, percent)
    assert statistic(f"p{percent:g}")(bucket(*values)) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=100), st.integers(1, 99))
def test_order_of_publication_does_not_matter(values, percent):
    forwards, backwards = bucket(*values), bucket(*reversed(values))
    assert statistic(f"p{percent}")(forwards) == statistic(f"p{percent}")(backwards)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.integers(1, 49))
def test_merging_is_the_same_as_adding(values, cut):
    merged = bucket(*values[:cut])
    merged.merge(bucket(*values[cut:]))
    whole = bucket(*values)
    assert merged.distribution() == whole.distribution()
    assert (merged.count, merged.low, merged.high) == (whole.count, whole.low, whole.high)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tm90", 5.0),
        ("TM(10%:90%)", 5.5),
        ("TM(2:4)", 3.5),
        ("TM(:3)", 2.0),
        ("IQM", 5.5),
        ("wm90", (sum(range(1, 10)) + 9) / 10),
        ("WM(3:8)", (3 * 3 + 4 + 5 + 6 + 7 + 8 * 3) / 10),
        ("tc90", 9.0),
        ("TC(2:4)", 2.0),
        ("ts50", 15.0),
        ("TS(80%:)", 19.0),
        ("PR(:3)", 30.0),
        ("PR(3:8)", 50.0),
    ],
)
def test_statistics_over_a_part_of_the_values(name, expected):
    assert statistic(name)(bucket(*map(float, range(1, 11)))) == pytest.approx(expected)


@pytest.mark.parametrize(
    "name", ["", "p", "p101", "median", "P99", "TM()", "TM(90%:10%)", "PR(10%:20%)", "TM(a:b)"]
)
def test_unknown_statistics_are_refused(name):
    with pytest.raises(StatisticError):
        statistic(name)
    assert not is_extended(name)


def test_which_statistics_are_extended():
    assert is_extended("p99.9")
    assert is_extended("TM(10%:90%)")
    assert not is_extended("Sum")
    assert percentile_share("p99.9") == pytest.approx(0.999)
    assert percentile_share("tm99") is None


def test_negative_values_have_no_percentiles():
    assert statistic("p50")(bucket(-1.0, 2.0)) is None


def test_a_statistic_set_has_no_percentiles_unless_it_is_one_value():
    several, one = Bucket(), Bucket()
    several.add_statistics(10, 55, 1, 10)
    one.add_statistics(4, 8, 2, 2)
    assert statistic("p50")(several) is None
    assert statistic("Average")(several) == 5.5
    assert statistic("p50")(one) == 2


def test_very_many_values_are_rounded_to_within_half_a_percent():
    values = [1.0 + position / 7 for position in range(MAX_EXACT_VALUES * 3)]
    made = bucket(*values)
    assert len(made.distribution()) <= MAX_EXACT_VALUES
    assert made.count == len(values)
    for percent in (1, 50, 99):
        assert statistic(f"p{percent}")(made) == pytest.approx(numpy.percentile(values, percent), rel=0.005)


def test_seconds_become_minutes_after_three_hours_and_go_after_fifteen_days():
    track, now = Track(), 100 * 86400
    for start in (now - 16 * 86400, now - 4 * 3600 + 7, now - 4 * 3600 + 12, now - 30):
        track.bucket(start).add(1.0)
    track.compact(now)
    kept = [(start, found.count) for start, found in track.between(0, now)]
    assert kept == [(now - 4 * 3600, 2.0), (now - 30, 1.0)]
    assert track.latest() == now - 30
