"""CloudWatch's statistics of one period.

The names and what they mean: CloudWatch User Guide, "CloudWatch statistics definitions". AWS does not publish
how it interpolates; here a percentile interpolates linearly between the two nearest ranks.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.services.cloudwatch.metrics.buckets import Bucket

Statistic = Callable[[Bucket], float | None]
"""None when the statistic is not available for the data."""


class StatisticError(ValueError):
    """No statistic of CloudWatch has this name."""


BASIC: dict[str, Statistic] = {
    "SampleCount": lambda bucket: bucket.count,
    "Sum": lambda bucket: bucket.total,
    "Average": lambda bucket: bucket.total / bucket.count if bucket.count else None,
    "Minimum": lambda bucket: bucket.low,
    "Maximum": lambda bucket: bucket.high,
}

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_SHORT_RANGE = re.compile(r"(tm|wm|tc|ts)(\d{1,2}(?:\.\d{1,10})?|100)")
_RANGE = re.compile(r"(TM|WM|TC|TS|PR)\(([\d.]*)(%?):([\d.]*)(%?)\)")


def statistic(name: str) -> Statistic:
    """The statistic called `name`; StatisticError if there is none."""
    if name in BASIC:
        return BASIC[name]
    if match := _PERCENTILE.fullmatch(name):
        share = float(match.group(1)) / 100
        return lambda bucket: percentile(bucket, share)
    if name == "IQM":
        return _ranged("TM", _Range(0.25, 0.75, True))
    if match := _SHORT_RANGE.fullmatch(name):
        return _ranged(match.group(1).upper(), _Range(0.0, float(match.group(2)) / 100, True))
    if match := _RANGE.fullmatch(name):
        return _ranged(match.group(1), _parse_range(name, match))
    raise StatisticError(f"The value {name} for parameter Stat is not supported.")


def is_extended(name: str) -> bool:
    """Whether `name` is a statistic other than the five basic ones."""
    if name in BASIC:
        return False
    try:
        statistic(name)
    except StatisticError:
        return False
    return True


def percentile_share(name: str) -> float | None:
    """0.99 for `p99`; None for any other statistic."""
    match = _PERCENTILE.fullmatch(name)
    return float(match.group(1)) / 100 if match else None


def percentile(bucket: Bucket, share: float) -> float | None:
    """The value below which `share` (0-1) of the values lie; None when the distribution is not known."""
    values = bucket.distribution()
    if not values:
        return None
    rank = share * max(0.0, bucket.count - 1)
    below = float(int(rank))
    seen, low, high = 0.0, None, values[-1][0]
    for value, count in values:
        seen += count
        if low is None and seen > below:
            low = value
        if seen > below + 1:
            high = value
            break
    if low is None:
        return high
    return low + (rank - below) * (high - low)


@dataclass(frozen=True, slots=True)
class _Range:
    """Which values count: between two shares of the ranks, or between two values."""

    low: float
    high: float
    is_share: bool

    def clip(self, values: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """The part of a distribution inside; a value on a boundary of ranks counts for its part."""
        if not self.is_share:
            return [(value, count) for value, count in values if self.low < value <= self.high]
        total = sum(count for _, count in values)
        first, last = self.low * total, self.high * total
        inside, seen = [], 0.0
        for value, count in values:
            part = min(last, seen + count) - max(first, seen)
            seen += count
            if part > 0:
                inside.append((value, part))
        return inside

    def bounds(self, values: list[tuple[float, float]]) -> tuple[float, float]:
        """The lowest and highest value inside."""
        if not self.is_share:
            return self.low, self.high
        inside = self.clip(values)
        return inside[0][0], inside[-1][0]


def _parse_range(name: str, match: re.Match[str]) -> _Range:
    kind, low, low_percent, high, high_percent = match.groups()
    is_share = "%" in (low_percent, high_percent)
    if (low and high and low_percent != high_percent) or not (low or high) or (kind == "PR" and is_share):
        raise StatisticError(f"The value {name} for parameter Stat is not supported.")
    scale = 0.01 if is_share else 1.0
    try:
        bounds = _Range(
            float(low) * scale if low else (0.0 if is_share else float("-inf")),
            float(high) * scale if high else (1.0 if is_share else float("inf")),
            is_share,
        )
    except ValueError:
        raise StatisticError(f"The value {name} for parameter Stat is not supported.") from None
    if bounds.low > bounds.high or (is_share and bounds.high > 1):
        raise StatisticError(f"The value {name} for parameter Stat is not supported.")
    return bounds


def _ranged(kind: str, bounds: _Range) -> Statistic:
    compute = _RANGED[kind]

    def value(bucket: Bucket) -> float | None:
        values = bucket.distribution()
        return compute(bounds, values) if values else None

    return value


def _trimmed_mean(bounds: _Range, values: list[tuple[float, float]]) -> float | None:
    inside = bounds.clip(values)
    return _sum(inside) / _count(inside) if inside else None


def _winsorized_mean(bounds: _Range, values: list[tuple[float, float]]) -> float | None:
    if not bounds.clip(values):
        return None
    low, high = bounds.bounds(values)
    return _sum([(min(max(value, low), high), count) for value, count in values]) / _count(values)


def _percentile_rank(bounds: _Range, values: list[tuple[float, float]]) -> float | None:
    return 100 * _count(bounds.clip(values)) / _count(values)


def _count(values: list[tuple[float, float]]) -> float:
    return sum(count for _, count in values)


def _sum(values: list[tuple[float, float]]) -> float:
    return sum(value * count for value, count in values)


_RANGED: dict[str, Callable[[_Range, list[tuple[float, float]]], float | None]] = {
    "TM": _trimmed_mean,
    "WM": _winsorized_mean,
    "TC": lambda bounds, values: _count(bounds.clip(values)),
    "TS": lambda bounds, values: _sum(bounds.clip(values)),
    "PR": _percentile_rank,
}
