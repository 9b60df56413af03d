"""The recent datapoints that an alarm watches, of a metric or of a metric-math expression.

Periods end at the last full minute, or at the last full ten seconds if they are shorter than a minute,
because that is how often CloudWatch evaluates; so a period of five minutes slides minute by minute (User
Guide, "Alarm evaluation" and "Alarm evaluation window"). The guide leaves open whether the minute that still
runs counts. Here it does not: an average or percentile of its first moments would fire on whatever is first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import Any

from localcloud.services.cloudwatch.metrics.queries import Answers, Query, metric_of, read_queries
from localcloud.services.cloudwatch.metrics.statistics import percentile_share, statistic
from localcloud.services.cloudwatch.metrics.store import MetricStore, Point, Question


@dataclass(frozen=True, slots=True)
class Watched:
    """What an alarm looks at."""

    queries: tuple[Query, ...]
    """The one that is returned comes first."""
    period_seconds: int
    statistic_name: str
    """Empty for an expression."""
    is_aligned: bool
    """Whether periods end at multiples of their length (WallClockWindow) and do not slide."""

    @property
    def questions(self) -> list[Question]:
        return [query.question for query in self.queries if query.question is not None]

    @property
    def percentile_share(self) -> float | None:
        """0.99 for an alarm on p99."""
        return percentile_share(self.statistic_name)

    def last_end(self, now: float) -> float:
        """When the latest period that can be evaluated at `now` ended."""
        step = 10 if self.period_seconds < 60 else 60
        if self.is_aligned:
            step = self.period_seconds
        return float(floor(now / step) * step)


def watched(alarm: Mapping[str, Any]) -> Watched:
    """What the alarm of this record looks at."""
    is_aligned = "WallClockWindow" in (alarm.get("EvaluationWindow") or {})
    if alarm.get("Metrics"):
        queries = sorted(read_queries(alarm["Metrics"]), key=lambda query: not query.is_returned)
        periods = [query.period_seconds for query in queries if query.period_seconds]
        stat = next((entry["MetricStat"]["Stat"] for entry in alarm["Metrics"] if "MetricStat" in entry), "")
        is_metric = queries[0].question is not None
        return Watched(tuple(queries), max(periods), stat if is_metric else "", is_aligned)
    name = alarm.get("Statistic") or alarm["ExtendedStatistic"]
    question = Question(metric_of(alarm), statistic(name), alarm["Period"], alarm.get("Unit"))
    query = Query("m1", question.metric.name, question, None, True, alarm["Period"])
    return Watched((query,), alarm["Period"], name, is_aligned)


def fingerprint(what: Watched, store: MetricStore, start: float, end: float) -> float:
    """A number that changes whenever data is added that the alarm looks at."""
    return sum(store.fingerprint(question.metric, start, end, question.unit) for question in what.questions)


def datapoints(what: Watched, store: MetricStore, end: float, count: int) -> list[tuple[float, Point | None]]:
    """The last `count` periods before `end`, oldest first: when each begins, and its value if it has one."""
    start = end - count * what.period_seconds
    returned = what.queries[0]
    if returned.question is not None:
        found = store.points(returned.question, start, end)
    else:
        (series,) = Answers(what.queries, store, start, end).of(returned.id)
        found = {at: Point(value, 0.0) for at, value in series.values.items()}
    moments = (start + index * what.period_seconds for index in range(count))
    return [(at, found.get(at)) for at in moments]
