"""Every metric of one account and region, in memory.

Publishing only appends to an inbox, so that a request path may publish; readers empty the inbox first.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import floor, inf
from threading import RLock
from typing import Any, NamedTuple

from localcloud.services.cloudwatch.metrics.buckets import STANDARD_SECONDS, Bucket, Track
from localcloud.services.cloudwatch.metrics.statistics import Statistic

LISTED_SECONDS = 14 * 86400
"""ListMetrics names metrics that had data in the past two weeks."""
RECENTLY_ACTIVE_SECONDS = 3 * 3600
"""What ListMetrics means by RecentlyActive=PT3H."""

Dimensions = tuple[tuple[str, str], ...]


class Metric(NamedTuple):
    """What identifies a metric: each set of dimensions is a metric of its own."""

    namespace: str
    name: str
    dimensions: Dimensions


class Datum(NamedTuple):
    """Values of one metric at one moment, in epoch seconds of the cloud."""

    metric: Metric
    timestamp: float
    values: tuple[tuple[float, float], ...]
    """(value, how often)"""
    unit: str = "None"
    statistics: tuple[float, float, float, float] | None = None
    """sample count, sum, minimum, maximum of a published statistic set"""
    resolution_seconds: int = STANDARD_SECONDS


def dimensions_of(pairs: Mapping[str, str] | Iterable[tuple[str, str]] | None) -> Dimensions:
    """Dimensions in the one order that makes equal sets equal."""
    return tuple(sorted(dict(pairs or ()).items()))


@dataclass(frozen=True, slots=True)
class Question:
    """Which statistic of which metric, over periods of which length."""

    metric: Metric
    statistic: Statistic
    period_seconds: float
    unit: str | None = None
    """Only data published in this unit; None takes all."""


class Point(NamedTuple):
    """A statistic of one period, and how many samples it rests on."""

    value: float
    samples: float


class MetricStore:
    """Publishes, keeps and sums up metrics; safe to use from any thread."""

    def __init__(
        self, now: Callable[[], float] | None = None, delays_seconds: Mapping[str, float] | None = None
    ) -> None:
        """`now` is the cloud's clock. `delays_seconds` says, by namespace (or `*`), how much later than it
        was published a datum can be seen: AWS publishes some services' metrics minutes late.
        """
        self._now = now
        self._delays = dict(delays_seconds or {})
        self._late: dict[str, deque[tuple[float, Datum]]] = {}
        self._inbox: deque[Datum] = deque()
        self._tracks: dict[Metric, dict[str, Track]] = {}
        self._lock = RLock()

    def put(self, datum: Datum) -> None:
        """Publish without waiting for anyone."""
        namespace = datum.metric.namespace
        delay = self._delays.get(namespace, self._delays.get("*", 0.0)) if self._delays else 0.0
        if self._now is None or delay <= 0:
            self._inbox.append(datum)
        else:
            self._late.setdefault(namespace, deque()).append((self._now() + delay, datum))

    def points(self, question: Question, start: float, end: float) -> dict[float, Point]:
        """The periods from `start` to before `end` that have the statistic, by when they begin."""
        period = question.period_seconds
        with self._lock:
            self._drain()
            found: dict[int, list[Bucket]] = {}
            for track in self._chosen(question.metric, question.unit):
                for begin, bucket in track.between(start, end):
                    if self._is_unpublished(track, begin, period):
                        continue
                    found.setdefault(floor((begin - start) / period), []).append(bucket)
            points = {}
            for index in sorted(found):
                bucket = _merged(found[index])
                value = question.statistic(bucket)
                if value is not None:
                    points[start + index * period] = Point(value, bucket.count)
            return points

    def units(self, metric: Metric) -> list[str]:
        """The units that a metric was published in."""
        with self._lock:
            self._drain()
            return sorted(self._tracks.get(metric, {}))

    def fingerprint(self, metric: Metric, start: float, end: float, unit: str | None = None) -> float:
        """A number that changes whenever data is added to [start, end)."""
        with self._lock:
            self._drain()
            chosen = self._chosen(metric, unit)
            return sum(bucket.count for track in chosen for _, bucket in track.between(start, end))

    def metrics(self, since: float) -> list[Metric]:
        """The metrics that have data at or after `since`."""
        with self._lock:
            self._drain()
            return [metric for metric, tracks in self._tracks.items() if _latest(tracks) >= since]

    def compact(self, now: float) -> None:
        """Make old data coarser and forget what is too old."""
        with self._lock:
            self._drain()
            for metric, tracks in list(self._tracks.items()):
                for unit, track in list(tracks.items()):
                    track.compact(now)
                    if track.latest() is None:
                        del tracks[unit]
                if not tracks:
                    del self._tracks[metric]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._inbox.clear()
            self._late.clear()
            self._tracks.clear()

    def dump(self, since: float, values_since: float) -> list[list[Any]]:
        """Plain data of the buckets from `since` on; from `values_since` on with their distributions."""
        with self._lock:
            self._drain()
            return [
                [*metric, unit, [_dumped(at, one, values_since) for at, one in track.between(since, inf)]]
                for metric, tracks in self._tracks.items()
                for unit, track in tracks.items()
                if (track.latest() or 0) >= since
            ]

    def load(self, dumped: Iterable[Any]) -> None:
        """Add what dump() returned."""
        with self._lock:
            for namespace, name, dimensions, unit, buckets in dumped:
                metric = Metric(namespace, name, tuple((key, value) for key, value in dimensions))
                track = self._tracks.setdefault(metric, {}).setdefault(unit, Track())
                for begin, count, total, low, high, values in buckets:
                    distribution = None if values is None else dict(values)
                    track.bucket(begin).restore((count, total, low, high), distribution)

    def _chosen(self, metric: Metric, unit: str | None) -> Iterator[Track]:
        tracks = self._tracks.get(metric, {})
        return iter(tracks.values()) if unit is None else iter([tracks[unit]] if unit in tracks else [])

    def _is_unpublished(self, track: Track, begin: int, period_seconds: float) -> bool:
        """Whether a period below a minute asks for a minute of standard resolution that is not over yet.

        A service publishes such data by the minute, so an alarm with a period of 10 s sees none of it in the
        attempts between (PutMetricAlarm, Period).
        """
        if self._now is None or period_seconds >= STANDARD_SECONDS or track.is_fine:
            return False
        return begin + STANDARD_SECONDS > self._now()

    def _drain(self) -> None:
        for waiting in list(self._late.values()):
            while waiting and self._now is not None and waiting[0][0] <= self._now():
                self._inbox.append(waiting.popleft()[1])
        while self._inbox:
            datum = self._inbox.popleft()
            track = self._tracks.setdefault(datum.metric, {}).setdefault(datum.unit, Track())
            step = 1 if datum.resolution_seconds < STANDARD_SECONDS else STANDARD_SECONDS
            track.is_fine = track.is_fine or step < STANDARD_SECONDS
            bucket = track.bucket(floor(datum.timestamp / step) * step)
            for value, count in datum.values:
                bucket.add(value, count)
            if datum.statistics is not None:
                bucket.add_statistics(*datum.statistics)


def _merged(buckets: list[Bucket]) -> Bucket:
    """The sum of a period's buckets; a single one is shared, so that it is put in order only once."""
    if len(buckets) == 1:
        return buckets[0]
    merged = Bucket()
    for bucket in buckets:
        merged.merge(bucket)
    return merged


def _latest(tracks: Mapping[str, Track]) -> float:
    return max((track.latest() or 0 for track in tracks.values()), default=0)


def _dumped(begin: int, bucket: Bucket, values_since: float) -> list[Any]:
    values = bucket.digest() if begin >= values_since else None
    return [begin, bucket.count, bucket.total, bucket.low, bucket.high, values]
