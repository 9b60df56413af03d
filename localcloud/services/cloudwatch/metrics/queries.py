"""MetricDataQueries: what GetMetricData is asked, and what an alarm on metric math watches."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

from localcloud.services.cloudwatch.errors import validation_error
from localcloud.services.cloudwatch.metric_math import evaluator as math_evaluator
from localcloud.services.cloudwatch.metric_math.evaluator import Evaluator
from localcloud.services.cloudwatch.metric_math.syntax import MathError
from localcloud.services.cloudwatch.metric_math.values import TimeSeries
from localcloud.services.cloudwatch.metrics.statistics import StatisticError, statistic
from localcloud.services.cloudwatch.metrics.store import Metric, MetricStore, Question, dimensions_of

_ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")
HIGH_RESOLUTION_PERIODS = (1, 5, 10, 20, 30)


@dataclass(frozen=True, slots=True)
class Query:
    """One metric with a statistic, or one expression over the others."""

    id: str
    label: str
    question: Question | None
    expression: str | None
    is_returned: bool
    period_seconds: int | None
    """An expression may leave its period to its metrics."""


def metric_of(metric: Mapping[str, Any]) -> Metric:
    """The metric that a request names."""
    pairs = [(entry["Name"], entry.get("Value", "")) for entry in metric.get("Dimensions") or ()]
    return Metric(metric.get("Namespace") or "", metric.get("MetricName") or "", dimensions_of(pairs))


def check_period(period_seconds: int) -> int:
    """A period that metrics can be asked for."""
    if period_seconds in HIGH_RESOLUTION_PERIODS or (period_seconds > 0 and period_seconds % 60 == 0):
        return period_seconds
    raise validation_error(f"Period must be 1, 5, 10, 20, 30 or a multiple of 60, not {period_seconds}")


def read_queries(requested: Sequence[Mapping[str, Any]]) -> list[Query]:
    """The queries of a request; ValidationError if they cannot be answered."""
    if not requested:
        raise validation_error("The parameter MetricDataQueries must not be empty.")
    queries = [_read(entry) for entry in requested]
    ids = [query.id for query in queries]
    if doubles := sorted({key for key in ids if ids.count(key) > 1}):
        raise validation_error(f"The value '{doubles[0]}' for parameter Id is used more than once.")
    expressions = {query.id: query.expression for query in queries if query.expression is not None}
    try:
        math_evaluator.check(expressions, [key for key in ids if key not in expressions])
    except MathError as error:
        raise validation_error(f"Error in expression: {error}") from None
    return queries


def _read(entry: Mapping[str, Any]) -> Query:
    key = entry.get("Id") or ""
    if not _ID.fullmatch(key):
        raise validation_error(
            f"The value '{key}' for parameter Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
        )
    stat, expression = entry.get("MetricStat"), entry.get("Expression")
    if (stat is None) == (expression is None):
        raise validation_error(f"The query '{key}' must have either MetricStat or Expression.")
    if entry.get("AccountId") is not None:
        raise validation_error(f"The query '{key}' names an AccountId; only this account's metrics are here.")
    is_returned = entry.get("ReturnData", True)
    if stat is None:
        period = check_period(entry["Period"]) if entry.get("Period") else None
        return Query(key, entry.get("Label") or key, None, expression, is_returned, period)
    question = _question(stat)
    label = entry.get("Label") or question.metric.name
    return Query(key, label, question, None, is_returned, int(question.period_seconds))


def _question(stat: Mapping[str, Any]) -> Question:
    metric = metric_of(stat.get("Metric") or {})
    if not (metric.namespace and metric.name):
        raise validation_error("MetricStat.Metric needs Namespace and MetricName.")
    try:
        chosen = statistic(stat.get("Stat") or "")
    except StatisticError as error:
        raise validation_error(str(error)) from None
    return Question(metric, chosen, check_period(int(stat.get("Period") or 0)), stat.get("Unit"))


class Answers:
    """The series of a set of queries over one stretch of time, worked out when asked for."""

    def __init__(self, queries: Sequence[Query], store: MetricStore, start: float, end: float) -> None:
        self._queries = {query.id: query for query in queries}
        self._start, self._end = start, end
        metrics = {
            query.id: self._metric(query, query.question, store) for query in queries if query.question
        }
        self._shortest = min((one.period_seconds for one in metrics.values()), default=60.0)
        self._metrics = metrics
        expressions = {query.id: query.expression for query in queries if query.expression is not None}
        self._evaluator = Evaluator(metrics, expressions, self._grid, self._shortest)

    def of(self, key: str) -> list[TimeSeries]:
        """The series of one query: one for a metric, one or more for an expression."""
        if key in self._metrics:
            return [self._metrics[key]]
        return self._evaluator.series(key)

    def _metric(self, query: Query, question: Question, store: MetricStore) -> TimeSeries:
        start = self._aligned(question.period_seconds)
        points = store.points(question, start, self._end)
        values = {at: point.value for at, point in points.items()}
        return TimeSeries(values, query.label, question.period_seconds)

    def _grid(self, period_seconds: float) -> list[float]:
        start = self._aligned(period_seconds)
        count = max(0, -floor((start - self._end) / period_seconds))
        return [start + index * period_seconds for index in range(count)]

    def _aligned(self, period_seconds: float) -> float:
        return self._start


class AlignedAnswers(Answers):
    """Periods begin at multiples of their length, as GetMetricData and GetMetricStatistics return them."""

    def _aligned(self, period_seconds: float) -> float:
        return floor(self._start / period_seconds) * period_seconds
