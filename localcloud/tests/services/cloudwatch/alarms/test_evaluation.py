"""The tables of the CloudWatch User Guide's page on missing data, and what follows from its text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.cloudwatch.alarms.evaluation import COMPARISONS, TREATMENTS, Rule, State, decide

POINTS = {"0": 0.0, "X": 10.0, "-": None}
LETTERS = {"A": State.ALARM, "O": State.OK, "I": State.INSUFFICIENT_DATA, "=": None}


def rule(periods, datapoints, treatment="missing"):
    return Rule("GreaterThanThreshold", 5.0, periods, datapoints, treatment)


def state(points, periods, datapoints, treatment="missing"):
    return decide([POINTS[point] for point in points.split()], rule(periods, datapoints, treatment)).state


# Columns: missing, ignore, breaching, notBreaching; "=" retains the current state.
THREE_OF_THREE = [
    ("0 - X - X", "OOOO"),
    ("0 - - - -", "OOOO"),
    ("- - - - -", "I=AO"),
    ("0 X X - X", "AAAA"),
    ("- - X - -", "A=AO"),
    ("- - - - X", "I=AO"),
    ("X - - - -", "A=AO"),
]
TWO_OF_THREE = [
    ("0 - X - X", "AAAA"),
    ("0 0 X 0 X", "AAAA"),
    ("0 - X - -", "OOAO"),
    ("- - - - 0", "OOAO"),
    ("- - - X -", "A=AO"),
    ("- - - - X", "I=AO"),
]


@pytest.mark.parametrize("column", range(4))
@pytest.mark.parametrize(("points", "states"), THREE_OF_THREE)
def test_three_out_of_three_follows_the_guides_table(points, states, column):
    treatment = ["missing", "ignore", "breaching", "notBreaching"][column]
    assert state(points, 3, 3, treatment) == LETTERS[states[column]]


@pytest.mark.parametrize("column", range(4))
@pytest.mark.parametrize(("points", "states"), TWO_OF_THREE)
def test_two_out_of_three_follows_the_guides_table(points, states, column):
    treatment = ["missing", "ignore", "breaching", "notBreaching"][column]
    assert state(points, 3, 2, treatment) == LETTERS[states[column]]


@pytest.mark.parametrize("points", ["- - - - X", "- - - X -"])
def test_a_single_bad_point_that_may_be_followed_by_a_good_one_is_no_alarm_yet(points):
    assert state(points, 3, 3) is not State.ALARM


@pytest.mark.parametrize("points", ["- - - X 0", "- - X - 0"])
def test_a_good_point_after_a_bad_one_is_ok(points):
    assert state(points, 3, 3) is State.OK


def test_one_breach_is_enough_for_one_out_of_one():
    assert state("0 0 X", 1, 1) is State.ALARM
    assert state("X X 0", 1, 1) is State.OK


def test_a_breach_is_remembered_while_it_is_in_the_evaluation_range():
    assert state("X - -", 1, 1, "notBreaching") is State.ALARM
    assert state("- - -", 1, 1, "notBreaching") is State.OK


@pytest.mark.parametrize(
    ("comparison", "value", "breaches"),
    [
        ("GreaterThanThreshold", 5.0, False),
        ("GreaterThanOrEqualToThreshold", 5.0, True),
        ("LessThanThreshold", 5.0, False),
        ("LessThanOrEqualToThreshold", 5.0, True),
    ],
)
def test_a_value_on_the_threshold(comparison, value, breaches):
    assert Rule(comparison, 5.0, 1, 1).breaches(value) is breaches


rules = st.integers(1, 6).flatmap(
    lambda n: st.builds(
        Rule,
        st.sampled_from(sorted(COMPARISONS)),
        st.just(5.0),
        st.just(n),
        st.integers(1, n),
        st.sampled_from(TREATMENTS),
    )
)
ranges = st.lists(st.one_of(st.none(), st.floats(0, 10)), min_size=8, max_size=8)


@given(rules, ranges)
def test_with_enough_data_the_treatment_of_missing_data_does_not_matter(some, points):
    points = points[-some.range_periods :]
    if sum(point is not None for point in points) < some.periods:
        return
    states = {
        decide(points, Rule(some.comparison, 5.0, some.periods, some.datapoints, treatment)).state
        for treatment in TREATMENTS
    }
    assert len(states) == 1
    assert states <= {State.ALARM, State.OK}


@given(rules, ranges)
def test_an_alarm_needs_its_datapoints_unless_data_is_missing(some, points):
    points = points[-some.range_periods :]
    decision = decide(points, some)
    assert len(decision.evaluated) + decision.filled == some.periods
    if decision.filled == 0:
        assert (decision.state is State.ALARM) == (decision.breaching >= some.datapoints)


@given(rules, ranges)
def test_treating_missing_as_breaching_never_hides_an_alarm(some, points):
    points = points[-some.range_periods :]
    strict = Rule(some.comparison, 5.0, some.periods, some.datapoints, "breaching")
    if decide(points, some).state is State.ALARM:
        assert decide(points, strict).state is State.ALARM


@given(rules, ranges)
def test_only_two_treatments_can_leave_a_state_undecided(some, points):
    decided = decide(points[-some.range_periods :], some).state
    if decided is None:
        assert some.treat_missing == "ignore"
    if decided is State.INSUFFICIENT_DATA:
        assert some.treat_missing == "missing"
