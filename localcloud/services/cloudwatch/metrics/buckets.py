"""What CloudWatch keeps of a metric: values summed up per second or minute, with their distribution.

High-resolution data is kept by the second for three hours and by the minute for fifteen days, standard data
by the minute for fifteen days (CloudWatch User Guide, "Metrics retention"; the coarser steps up to 455 days
are left out).
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from math import floor, log10

STANDARD_SECONDS = 60
FINE_KEPT_SECONDS = 3 * 3600
KEPT_SECONDS = 15 * 86400
MAX_EXACT_VALUES = 2000
"""Distinct values a bucket tells apart; past that they are rounded, so memory stays bounded."""
DIGEST_VALUES = 200
"""Values that a digest of a bucket tells apart."""
ROUNDED_DIGITS = 3
"""Significant digits that are left then: a percentile is off by at most 0.5 %."""


class Bucket:
    """The values of one stretch of time: count, sum, extremes, and how often each value came."""

    __slots__ = ("_is_rounded", "_sorted", "count", "high", "low", "total", "values")

    def __init__(self) -> None:
        self.count = 0.0
        self.total = 0.0
        self.low = float("inf")
        self.high = float("-inf")
        self.values: dict[float, float] | None = {}
        """value → how often; None once a statistic set has hidden the single values."""
        self._sorted: list[tuple[float, float]] | None = None
        self._is_rounded = False

    def add(self, value: float, count: float = 1.0) -> None:
        """Count `value` `count` times."""
        self._sum_up(count, value * count, value, value)
        self._count_value(value, count)

    def add_statistics(self, count: float, total: float, low: float, high: float) -> None:
        """Add a published statistic set; one that holds a single repeated value counts as that value."""
        if low == high and total == low * count:
            self.add(low, count)
            return
        self._sum_up(count, total, low, high)
        self.values = None

    def merge(self, other: "Bucket") -> None:
        """Add everything of `other`."""
        self._sum_up(other.count, other.total, other.low, other.high)
        if self.values is None or other.values is None:
            self.values = None
            return
        for value, count in other.values.items():
            self._count_value(value, count)

    def restore(
        self, statistics: tuple[float, float, float, float], values: dict[float, float] | None
    ) -> None:
        """Become what dump() told: count, sum, minimum, maximum, and a distribution if it was kept."""
        self.count, self.total, self.low, self.high = statistics
        self.values = values
        self._sorted = None

    def digest(self) -> list[tuple[float, float]] | None:
        """The distribution in at most DIGEST_VALUES (value, how often), close enough for percentiles."""
        values = self.distribution()
        if values is None or len(values) <= DIGEST_VALUES:
            return values
        size, groups = -(-len(values) // DIGEST_VALUES), []
        for first in range(0, len(values), size):
            group = values[first : first + size]
            count = sum(times for _, times in group)
            groups.append((sum(value * times for value, times in group) / count, count))
        return groups

    def distribution(self) -> list[tuple[float, float]] | None:
        """Sorted (value, how often), or None when CloudWatch has no percentiles for this data.

        That is so for statistic sets and when any value is negative (User Guide, "Percentiles").
        """
        if self.values is None or self.low < 0:
            return None
        if self._sorted is None:
            self._sorted = sorted(self.values.items())
        return self._sorted

    def _sum_up(self, count: float, total: float, low: float, high: float) -> None:
        self.count += count
        self.total += total
        self.low = min(self.low, low)
        self.high = max(self.high, high)
        self._sorted = None

    def _count_value(self, value: float, count: float) -> None:
        if self.values is None:
            return
        key = _significant(value) if self._is_rounded else value
        self.values[key] = self.values.get(key, 0.0) + count
        if not self._is_rounded and len(self.values) > MAX_EXACT_VALUES:
            self._is_rounded = True
            exact, self.values = self.values, {}
            for one, times in exact.items():
                self._count_value(one, times)


def _significant(value: float) -> float:
    if value == 0:
        return 0.0
    return round(value, ROUNDED_DIGITS - 1 - floor(log10(abs(value))))


class Track:
    """One metric in one unit: its buckets in order of time."""

    __slots__ = ("_buckets", "_starts", "is_fine")

    def __init__(self) -> None:
        self.is_fine = False
        """Whether any of it is of high resolution."""
        self._buckets: dict[int, Bucket] = {}
        self._starts: list[int] = []

    def bucket(self, start: int) -> Bucket:
        """The bucket that begins at `start`, made when it is missing."""
        found = self._buckets.get(start)
        if found is None:
            found = self._buckets[start] = Bucket()
            insort(self._starts, start)
        return found

    def between(self, start: float, end: float) -> Iterator[tuple[int, Bucket]]:
        """The buckets that begin in [start, end), oldest first."""
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        for begin in self._starts[first:last]:
            yield begin, self._buckets[begin]

    def latest(self) -> int | None:
        """Where the newest bucket begins."""
        return self._starts[-1] if self._starts else None

    def compact(self, now: float) -> None:
        """Fold seconds older than three hours into minutes; forget what is older than fifteen days."""
        self._drop(bisect_left(self._starts, now - KEPT_SECONDS))
        fine_end = bisect_left(self._starts, now - FINE_KEPT_SECONDS)
        fine = [start for start in self._starts[:fine_end] if start % STANDARD_SECONDS]
        for start in fine:
            self.bucket(start - start % STANDARD_SECONDS).merge(self._buckets.pop(start))
        if fine:
            self._starts = sorted(self._buckets)

    def _drop(self, how_many: int) -> None:
        for start in self._starts[:how_many]:
            del self._buckets[start]
        del self._starts[:how_many]
