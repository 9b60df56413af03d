"""The functions of metric math that this cloud has.

Elementwise: ABS CEIL FLOOR LOG LOG10. Over time: DIFF DIFF_TIME RATE RUNNING_SUM. Summing up (a series
gives a number, an array gives a series): AVG MAX MIN SUM STDDEV DATAPOINT_COUNT. Gaps: FILL. Arrays: FIRST
LAST SLICE SORT REMOVE_EMPTY METRIC_COUNT. Calendar: MINUTE HOUR DAY DATE MONTH YEAR EPOCH. math_evaluator
adds METRICS, IF, PERIOD and TIME_SERIES. Left out and refused: SEARCH, ANOMALY_DETECTION_BAND,
INSIGHT_RULE_METRIC, SERVICE_QUOTA, LAMBDA, DB_PERF_INSIGHTS.

What each does: CloudWatch User Guide, "Functions supported for metric math".
"""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from localcloud.services.cloudwatch.metric_math.syntax import MathError
from localcloud.services.cloudwatch.metric_math.values import TimeSeries, Value, compute, times_of, value_at

Pairs = Iterator[tuple[float, float]]


def each(function: Callable[[TimeSeries], TimeSeries], value: Value, name: str) -> Value:
    """Apply a function of one series to a series, or to each of an array."""
    if isinstance(value, TimeSeries):
        return function(value)
    if isinstance(value, list):
        return [function(one) for one in value]
    raise MathError(f"{name} needs a time series, not the number {value:g}")


def _elementwise(function: Callable[[float], float]) -> Callable[[TimeSeries], TimeSeries]:
    return lambda series: series.with_values(
        (at, compute(function, value)) for at, value in series.values.items()
    )


def _differences(series: TimeSeries) -> Iterator[tuple[float, float, float]]:
    """(time, change of value, seconds since the value before)"""
    points = sorted(series.values.items())
    for (before, old), (at, new) in pairwise(points):
        yield at, new - old, at - before


def _running(series: TimeSeries) -> Pairs:
    total = 0.0
    for at, value in sorted(series.values.items()):
        total += value
        yield at, total


ELEMENTWISE: dict[str, Callable[[TimeSeries], TimeSeries]] = {
    "ABS": _elementwise(abs),
    "CEIL": _elementwise(math.ceil),
    "FLOOR": _elementwise(math.floor),
    "LOG": _elementwise(math.log),
    "LOG10": _elementwise(math.log10),
    "DIFF": lambda series: series.with_values((at, change) for at, change, _ in _differences(series)),
    "DIFF_TIME": lambda series: series.with_values((at, gap) for at, _, gap in _differences(series)),
    "RATE": lambda series: series.with_values((at, change / gap) for at, change, gap in _differences(series)),
    "RUNNING_SUM": lambda series: series.with_values(_running(series)),
}

AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "AVG": lambda values: compute(lambda: sum(values) / len(values)),
    "MAX": lambda values: compute(lambda: max(values)),
    "MIN": lambda values: compute(lambda: min(values)),
    "SUM": lambda values: float(sum(values)),
    "STDDEV": lambda values: compute(lambda: statistics.pstdev(values)),
    "DATAPOINT_COUNT": lambda values: float(len(values)),
}

CALENDAR: dict[str, Callable[[datetime], float]] = {
    "MINUTE": lambda moment: moment.minute,
    "HOUR": lambda moment: moment.hour,
    "DAY": lambda moment: moment.isoweekday(),
    "DATE": lambda moment: moment.day,
    "MONTH": lambda moment: moment.month,
    "YEAR": lambda moment: moment.year,
    "EPOCH": lambda moment: moment.timestamp(),
}


def aggregate(name: str, value: Value) -> Value:
    """Sum up a series into a number, or an array into a series; AVG takes a missing value as 0."""
    function = AGGREGATES[name]
    if isinstance(value, TimeSeries):
        return function(list(value.values.values()))
    if isinstance(value, list):
        return _across(function, value, fill=0.0 if name == "AVG" else None)
    raise MathError(f"{name} needs a time series or an array, not the number {value:g}")


def _across(
    function: Callable[[Sequence[float]], float], array: list[TimeSeries], fill: float | None
) -> TimeSeries:
    if not array:
        return TimeSeries({})

    def at(moment: float) -> float:
        found = (value_at(series, moment) for series in array)
        return function([value for value in (fill if v is None else v for v in found) if value is not None])

    return array[0].with_values((moment, at(moment)) for moment in times_of(*array))


def calendar(name: str, grid: Sequence[float], series: TimeSeries) -> TimeSeries:
    """A value taken from each moment's date in UTC."""
    function = CALENDAR[name]
    return series.with_values((at, function(datetime.fromtimestamp(at, UTC))) for at in grid)


def fill(series: TimeSeries, grid: Sequence[float], filler: float | TimeSeries | str) -> TimeSeries:
    """The series without gaps: filled with a number, another series, REPEAT or LINEAR."""
    known = dict(series.values)
    moments = sorted({*grid, *known})
    if filler == "REPEAT":
        return series.with_values(_repeated(known, moments))
    if filler == "LINEAR":
        return series.with_values(_interpolated(known, moments))
    if isinstance(filler, str):
        raise MathError(f"FILL takes a number, a series, REPEAT or LINEAR, not {filler}")
    filled = ((at, known.get(at, value_at(filler, at))) for at in moments)
    return series.with_values((at, value) for at, value in filled if value is not None)


def _repeated(known: dict[float, float], moments: Sequence[float]) -> Pairs:
    last: float | None = None
    for at in moments:
        last = known.get(at, last)
        if last is not None:
            yield at, last


def _interpolated(known: dict[float, float], moments: Sequence[float]) -> Pairs:
    yield from known.items()
    points = sorted(known.items())
    for (start, low), (end, high) in pairwise(points):
        for at in moments:
            if start < at < end:
                yield at, low + (high - low) * (at - start) / (end - start)


def sort(array: list[TimeSeries], by: str, order: str, limit: float | None) -> list[TimeSeries]:
    """The array ordered by AVG, MIN, MAX or SUM of each series."""
    if by not in ("AVG", "MIN", "MAX", "SUM") or order not in ("ASC", "DESC"):
        raise MathError(f"SORT takes AVG, MIN, MAX or SUM and then ASC or DESC, not {by}, {order}")

    def rank(series: TimeSeries) -> float:
        value = AGGREGATES[by](list(series.values.values()))
        return (math.inf if order == "ASC" else -math.inf) if math.isnan(value) else value

    ordered = sorted(array, key=rank, reverse=order == "DESC")
    return ordered if limit is None else ordered[: int(limit)]
