"""Schedules are due when AWS's documents say, in their time zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.scheduler.expressions import ExpressionError, parse

BEGINNING = datetime(2026, 11, 28, 7, 30, tzinfo=UTC)


def due(expression: str, zone: str, since: datetime, count: int) -> list[datetime]:
    times, beginning = parse(expression, zone), since
    found: list[datetime] = []
    while len(found) < count and (moment := times.after(since, beginning)) is not None:
        found.append(moment)
        since = moment
    return found


@pytest.mark.parametrize(
    "expression",
    [
        "banana",
        "",
        "rate(0 hours)",
        "rate(1 hours)",
        "rate(2 hour)",
        "rate(5 seconds)",
        "rate(-1 hours)",
        "cron(15 * * *)",
        "cron(15 * * * * *)",
        "cron(15 * ? * ? *)",
        "cron(75 * * * ? *)",
        "at(tomorrow)",
        "at(2026-13-01T00:00:00)",
    ],
)
def test_what_is_no_expression_is_refused_in_aws_s_words(expression):
    with pytest.raises(ExpressionError) as refused:
        parse(expression)
    assert str(refused.value) == f"Invalid Schedule Expression {expression}."


@pytest.mark.parametrize("zone", ["Middle/Earth", "../UTC", "CET+banana"])
def test_a_time_zone_that_nobody_knows_is_refused_by_name(zone):
    with pytest.raises(ExpressionError, match=r"Timezone .*\."):
        parse("rate(1 hour)", zone)


def test_a_rate_counts_from_the_schedule_s_beginning():
    assert parse("rate(2 hours)").after(BEGINNING, BEGINNING) == BEGINNING + timedelta(hours=2)
    late = BEGINNING + timedelta(hours=5)
    assert parse("rate(2 hours)").after(late, BEGINNING) == BEGINNING + timedelta(hours=6)


def test_a_calendar_is_that_of_its_time_zone():
    (found,) = due("cron(0 9 * * ? *)", "Europe/Zurich", BEGINNING, 1)
    assert found == datetime(2026, 11, 28, 8, 0, tzinfo=UTC)


def test_a_time_that_the_spring_leaves_out_is_skipped():
    since = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)
    found = due("cron(30 2 * * ? *)", "Europe/Zurich", since, 2)
    assert found == [datetime(2027, 3, 29, 0, 30, tzinfo=UTC), datetime(2027, 3, 30, 0, 30, tzinfo=UTC)]


def test_a_time_that_the_autumn_repeats_is_due_once():
    since = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    found = due("cron(30 2 * * ? *)", "Europe/Zurich", since, 2)
    assert found == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]


def test_once_is_once_on_the_zone_s_own_clock():
    moment = datetime(2026, 11, 28, 11, 0, tzinfo=UTC)
    assert due("at(2026-11-28T12:00:00)", "Europe/Zurich", BEGINNING, 3) == [moment]


@given(
    st.sampled_from(["cron(15 * * * ? *)", "cron(0/20 2 ? * MON-FRI *)", "rate(7 minutes)"]),
    st.sampled_from(["UTC", "Europe/Zurich", "America/St_Johns", "Australia/Lord_Howe"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
)
def test_every_time_is_later_than_the_one_before(expression, zone, since):
    found = due(expression, zone, since, 5)
    assert len(found) == 5
    assert found[0] > since
    assert all(before < after for before, after in pairwise(found))
