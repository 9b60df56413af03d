"""The feature steps in numpy. Each uses only operations that IEEE 754 rounds exactly, so that scikit-learn at
training, this module, and the compiled kernel agree to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from inference.model import DATE_PARTS, MISSING_CODE, FloatArray, Operation, Step

# Some 270,000 years either way: what is beyond is no date.
_CALENDAR_DAYS = 1e8
WEEKDAY, DAY_OF_YEAR, HOUR = (DATE_PARTS.index(name) for name in ("weekday", "day_of_year", "hour"))
_NO_TABLE = np.empty(0)


def ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    """a / b, missing where that is not finite (a zero or missing denominator)."""
    with np.errstate(all="ignore"):
        return _finite_or_missing(a / b)


def combine(a: FloatArray, b: FloatArray, p: float, q: float) -> FloatArray:
    """a * p + b * q, missing where that is not finite."""
    with np.errstate(all="ignore"):
        return _finite_or_missing(a * p + b * q)


def distance(a: FloatArray, b: FloatArray, p: float, q: float) -> FloatArray:
    """The planar distance of (a, b) from (p, q), missing where that is not finite."""
    with np.errstate(all="ignore"):
        dx, dy = a - p, b - q
        return _finite_or_missing(np.sqrt(dx * dx + dy * dy))


def lookup(a: FloatArray, start: int, count: int, table: FloatArray) -> FloatArray:
    """The table's value of each code; behind its `count` values stand those of missing and unknown codes."""
    known = (a >= 0) & (a < count)
    place = np.where(known, a, np.where(a == MISSING_CODE, count, count + 1))
    return np.asarray(table[start + place.astype(np.intp)])


def date_part(a: FloatArray, part: int, units_per_day: float) -> FloatArray:
    """The part (DATE_PARTS) of each time; missing where there is none, or where it is out of all calendars.

    The calendar is Gregorian throughout, by the days of eras of 400 years that begin in March (Hinnant,
    "chrono-Compatible Low-Level Date Algorithms").
    """
    days = np.floor(a / units_per_day)
    known = np.abs(days) < _CALENDAR_DAYS
    whole = np.where(known, days, 0.0).astype(np.int64)
    if part == HOUR:
        found = np.floor((np.where(known, a, 0.0) - whole * units_per_day) * 24 / units_per_day)
    elif part == WEEKDAY:
        found = ((whole + 3) % 7).astype(np.float64)
    else:
        found = _calendar(whole, part).astype(np.float64)
    return np.where(known, found, np.nan)


def _calendar(days: npt.NDArray[np.int64], part: int) -> npt.NDArray[np.int64]:
    shifted = days + 719_468
    era = shifted // 146_097
    day = shifted - era * 146_097
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    number = np.where(month < 10, month + 3, month - 9)
    year += era * 400 + (number <= 2)
    if part == DAY_OF_YEAR:
        leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
        return np.where(number <= 2, day - 306, day + 59 + leap)
    return (year, number, day - (153 * month + 2) // 5 + 1)[part]


def apply(steps: Iterable[Step], rows: FloatArray, width: int, table: FloatArray = _NO_TABLE) -> FloatArray:
    """The rows (n, columns) with every step's entry appended: (n, width). `table` is the model's lookup."""
    entries = np.empty((len(rows), width))
    filled = rows.shape[1]
    entries[:, :filled] = rows
    for step in steps:
        entries[:, filled] = _OPERATIONS[step.op](entries[:, step.a], entries[:, step.b], step, table)
        filled += 1
    return entries


def _finite_or_missing(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.nan)


def _ordinal(a: FloatArray, step: Step) -> FloatArray:
    return np.where(a >= 0, a, np.where(a == MISSING_CODE, step.q, step.p))


def _scale(a: FloatArray, step: Step) -> FloatArray:
    with np.errstate(all="ignore"):
        return np.asarray((a - step.p) / step.q)


_OPERATIONS: dict[Operation, Callable[[FloatArray, FloatArray, Step, FloatArray], FloatArray]] = {
    "ratio": lambda a, b, step, table: ratio(a, b),
    "combine": lambda a, b, step, table: combine(a, b, step.p, step.q),
    "distance": lambda a, b, step, table: distance(a, b, step.p, step.q),
    "equals": lambda a, b, step, table: (a == step.p).astype(np.float64),
    "ordinal": lambda a, b, step, table: _ordinal(a, step),
    "impute": lambda a, b, step, table: np.where(np.isnan(a), step.p, a),
    "scale": lambda a, b, step, table: _scale(a, step),
    "lookup": lambda a, b, step, table: lookup(a, int(step.p), int(step.q), table),
    "date_part": lambda a, b, step, table: date_part(a, int(step.p), step.q),
}
