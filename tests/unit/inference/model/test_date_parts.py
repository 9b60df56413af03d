"""The parts of a date are those of the calendar, in numpy; the kernel is held against numpy elsewhere."""

from __future__ import annotations

import datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inference.model import DATE_PARTS
from inference.model.features import date_part

EPOCH = datetime.datetime(1970, 1, 1)


@given(st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31)))
def test_every_part_is_the_calendars(when: datetime.datetime) -> None:
    seconds = np.array([float((when - EPOCH) // datetime.timedelta(seconds=1))])
    found = [date_part(seconds, part, 86_400.0)[0] for part in range(len(DATE_PARTS))]
    of_year = when.timetuple().tm_yday - 1
    assert found == [when.year, when.month, when.day, when.weekday(), of_year, when.hour]


def test_no_date_and_no_day_of_any_calendar_are_missing() -> None:
    for part in range(len(DATE_PARTS)):
        assert np.isnan(date_part(np.array([np.nan, 1e300, -1e300, 1e8]), part, 1.0)).all()
