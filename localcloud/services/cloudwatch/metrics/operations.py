"""The operations on metrics. What each accepts and returns: CloudWatch API reference."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from math import isfinite
from typing import Any

from localcloud.services.cloudwatch.errors import (
    invalid_combination,
    invalid_value,
    missing_parameter,
    validation_error,
)
from localcloud.services.cloudwatch.metric_math.syntax import MathError
from localcloud.services.cloudwatch.metrics.pages import page_start, page_token
from localcloud.services.cloudwatch.metrics.queries import (
    AlignedAnswers,
    Query,
    check_period,
    metric_of,
    read_queries,
)
from localcloud.services.cloudwatch.metrics.statistics import BASIC, StatisticError, statistic
from localcloud.services.cloudwatch.metrics.store import (
    LISTED_SECONDS,
    RECENTLY_ACTIVE_SECONDS,
    Datum,
    Metric,
    Question,
)
from localcloud.services.cloudwatch.monitor import Monitor

Parameters = Mapping[str, Any]

_MAX_DATA = 1000
_MAX_VALUES = 150
_PAST_SECONDS = 14 * 86400
_FUTURE_SECONDS = 2 * 3600
_MAX_DATAPOINTS = 100_800
_MAX_STATISTICS_POINTS = 1440
_LIST_PAGE = 500
_SPECIAL_NAMESPACE = "AWS/"


def put_metric_data(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """Publish data; without a timestamp it is data of the cloud's now."""
    namespace = parameters.get("Namespace")
    if not namespace:
        raise missing_parameter("Namespace")
    if namespace.startswith(_SPECIAL_NAMESPACE):
        raise invalid_value(f"The value {_SPECIAL_NAMESPACE} for parameter Namespace is invalid.")
    entries = [*parameters.get("MetricData", [])]
    for group in parameters.get("EntityMetricData", []):
        entries += group.get("MetricData", [])
    if len(entries) > _MAX_DATA:
        raise invalid_value(f"A request holds at most {_MAX_DATA} metrics, not {len(entries)}.")
    data = [_datum(monitor, namespace, entry, f"MetricData.member.{i}") for i, entry in enumerate(entries, 1)]
    for datum in data:
        monitor.store.put(datum)
    return {}


def _datum(monitor: Monitor, namespace: str, entry: Parameters, where: str) -> Datum:
    if not entry.get("MetricName"):
        raise missing_parameter(f"{where}.MetricName")
    metric = metric_of({**entry, "Namespace": namespace})
    if len(metric.dimensions) > 30:
        raise invalid_value(f"The collection {where}.Dimensions must not have a size greater than 30.")
    statistics = entry.get("StatisticValues")
    given = [key for key in ("Value", "Values", "StatisticValues") if entry.get(key) is not None]
    if len(given) != 1:
        raise invalid_combination(f"{where} must have exactly one of Value, Values and StatisticValues.")
    values = () if statistics else tuple(_values(entry, where))
    return Datum(
        metric,
        _time_of(monitor, entry, where),
        values,
        entry.get("Unit") or "None",
        _statistic_set(statistics, where) if statistics else None,
        entry.get("StorageResolution") or 60,
    )


def _values(entry: Parameters, where: str) -> Iterator[tuple[float, float]]:
    values = entry.get("Values") or [entry.get("Value")]
    counts = entry.get("Counts") or [1.0] * len(values)
    if len(values) != len(counts):
        raise invalid_value(f"The parameters {where}.Values and {where}.Counts must be of the same size.")
    if len(values) > _MAX_VALUES:
        raise invalid_value(f"The collection {where}.Values must not have a size greater than {_MAX_VALUES}.")
    for value, count in zip_longest(values, counts):
        if not (isfinite(value) and isfinite(count) and count > 0):
            raise invalid_value(f"The value {value} (count {count}) for parameter {where} is invalid.")
        yield value, count


def _statistic_set(given: Parameters, where: str) -> tuple[float, float, float, float]:
    try:
        found = tuple(float(given[key]) for key in ("SampleCount", "Sum", "Minimum", "Maximum"))
    except KeyError as missing:
        raise missing_parameter(f"{where}.StatisticValues.{missing.args[0]}") from None
    count, total, low, high = found
    if not (all(map(isfinite, found)) and count > 0 and low <= high):
        raise invalid_value(f"The value {dict(given)} for parameter {where}.StatisticValues is invalid.")
    return count, total, low, high


def _time_of(monitor: Monitor, entry: Parameters, where: str) -> float:
    now = monitor.clock.now()
    if entry.get("Timestamp") is None:
        return now
    at = monitor.live_time(entry["Timestamp"])
    if not now - _PAST_SECONDS <= at <= now + _FUTURE_SECONDS:
        raise invalid_value(
            f"The parameter {where}.Timestamp must be within the past two weeks and the next two hours."
        )
    return at


def list_metrics(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """The metrics that had data in the past two weeks."""
    seconds = RECENTLY_ACTIVE_SECONDS if parameters.get("RecentlyActive") else LISTED_SECONDS
    found = sorted(
        metric
        for metric in monitor.store.metrics(since=monitor.clock.now() - seconds)
        if _is_asked_for(metric, parameters)
    )
    start = page_start(parameters)
    page = found[start : start + _LIST_PAGE]
    listed = [
        {"Namespace": one.namespace, "MetricName": one.name, "Dimensions": _dimensions(one)} for one in page
    ]
    return {"Metrics": listed, "NextToken": page_token(start + _LIST_PAGE, len(found))}


def _is_asked_for(metric: Metric, parameters: Parameters) -> bool:
    if parameters.get("Namespace") not in (None, metric.namespace):
        return False
    if parameters.get("MetricName") not in (None, metric.name):
        return False
    own = dict(metric.dimensions)
    return all(
        asked["Name"] in own and asked.get("Value") in (None, own[asked["Name"]])
        for asked in parameters.get("Dimensions", [])
    )


def _dimensions(metric: Metric) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in metric.dimensions]


def get_metric_statistics(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """Statistics of one metric per period, oldest first; one datapoint per unit."""
    start, end = _span(monitor, parameters)
    period = check_period(parameters.get("Period") or 0)
    basic, extended = parameters.get("Statistics", []), parameters.get("ExtendedStatistics", [])
    if not (basic or extended):
        raise missing_parameter("Statistics or ExtendedStatistics")
    for name in [*basic, *extended]:
        _check_statistic(name)
    if (end - start) / period > _MAX_STATISTICS_POINTS:
        raise invalid_combination(
            f"You have requested up to {int((end - start) / period)} datapoints, which exceeds the limit of "
            f"{_MAX_STATISTICS_POINTS}. Increase the Period or request a shorter time range."
        )
    metric = metric_of(parameters)
    units = [parameters["Unit"]] if parameters.get("Unit") else monitor.store.units(metric)
    points: list[dict[str, Any]] = []
    for unit in units:
        points += _statistics_in(
            monitor, metric, unit, period, [*basic, *extended], start // period * period, end
        )
    return {"Label": metric.name, "Datapoints": sorted(points, key=lambda point: point["Timestamp"])}


def _check_statistic(name: str) -> None:
    try:
        statistic(name)
    except StatisticError as error:
        raise invalid_value(str(error)) from None


def _statistics_in(
    monitor: Monitor, metric: Metric, unit: str, period: int, names: list[str], start: float, end: float
) -> list[dict[str, Any]]:
    points: dict[float, dict[str, Any]] = {}
    for name in names:
        question = Question(metric, statistic(name), period, unit)
        for at, found in monitor.store.points(question, start, end).items():
            point = points.setdefault(at, {"Timestamp": at, "Unit": unit})
            holder = point if name in BASIC else point.setdefault("ExtendedStatistics", {})
            holder[name] = found.value
    return list(points.values())


def get_metric_data(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """The series that queries ask for, newest value first unless ScanBy says otherwise."""
    queries = read_queries(parameters.get("MetricDataQueries") or [])
    start, end = _span(monitor, parameters)
    answers = AlignedAnswers(queries, monitor.store, start, end)
    descending = parameters.get("ScanBy") != "TimestampAscending"
    results: list[dict[str, Any]] = []
    for query in queries:
        if query.is_returned:
            results += _results(answers, query, descending)
    return _page_of_data(results, parameters)


def _results(answers: AlignedAnswers, query: Query, descending: bool) -> Iterator[dict[str, Any]]:
    try:
        found = answers.of(query.id)
    except MathError as error:
        raise validation_error(f"Error in expression '{query.id}': {error}") from None
    for series in found:
        points = sorted(series.values.items(), reverse=descending)
        is_array = query.expression is not None and len(found) > 1
        yield {
            "Id": query.id,
            "Label": f"{query.label} {series.label}".strip() if is_array else query.label,
            "Timestamps": [at for at, _ in points],
            "Values": [value for _, value in points],
            "StatusCode": "Complete",
        }


def _page_of_data(results: list[dict[str, Any]], parameters: Parameters) -> dict[str, Any]:
    """At most MaxDatapoints values, the rest of each series on the next page."""
    most = min(parameters.get("MaxDatapoints") or _MAX_DATAPOINTS, _MAX_DATAPOINTS)
    per_series = max(1, most // max(1, len(results)))
    start = page_start(parameters)
    longest = max((len(one["Values"]) for one in results), default=0)
    for one in results:
        if len(one["Values"]) > start + per_series:
            one["StatusCode"] = "PartialData"
        for key in ("Timestamps", "Values"):
            one[key] = one[key][start : start + per_series]
    token = page_token(start + per_series, longest)
    return {"MetricDataResults": results, "NextToken": token, "Messages": []}


def _span(monitor: Monitor, parameters: Parameters) -> tuple[float, float]:
    """The time asked for; an end at the wall's now means the cloud's now."""
    for key in ("StartTime", "EndTime"):
        if parameters.get(key) is None:
            raise missing_parameter(key)
    start, end = parameters["StartTime"], parameters["EndTime"]
    if start >= end:
        raise validation_error("The parameter StartTime must be less than the parameter EndTime.")
    return start, max(end, monitor.live_time(end))
