"""How many instances a policy wants. Pure.

Application Auto Scaling User Guide, "Step scaling policies" (steps, adjustment types, rounding) and "Target
tracking scaling policies" (in proportion to the metric). How long a scale-in looks back is not documented:
here at the whole span of the alarm that asks for it, so that it is as gentle as the guide says it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor
from typing import Any

Step = Mapping[str, Any]


def tracked(capacity: int, value: float, target: float) -> int:
    """The instances at which a metric that is shared out among them comes to its target."""
    return ceil(capacity * value / target - 1e-9)


def step_of(steps: Sequence[Step], breach: float) -> Step | None:
    """The step for a metric so far above the threshold (or below it, when negative); None for none.

    A lower bound is inclusive and an upper one exclusive above the threshold, and the other way round below.
    """
    for step in steps:
        low = step.get("MetricIntervalLowerBound", float("-inf"))
        high = step.get("MetricIntervalUpperBound", float("inf"))
        if (low <= breach < high) if breach >= 0 else (low < breach <= high):
            return step
    return None


def stepped(kind: str, adjustment: float, capacity: int, min_magnitude: int = 1) -> int:
    """The capacity after one adjustment; PercentChangeInCapacity changes by at least `min_magnitude`."""
    if kind == "ExactCapacity":
        return int(adjustment)
    if kind == "ChangeInCapacity":
        return capacity + int(adjustment)
    change = _rounded(capacity * adjustment / 100)
    if change and abs(change) < min_magnitude:
        change = min_magnitude if change > 0 else -min_magnitude
    return capacity + change


def _rounded(change: float) -> int:
    """Above 1 down, from 0 to 1 to 1, from 0 to -1 to -1, below -1 up towards zero."""
    if 0 < change < 1:
        return 1
    if -1 < change < 0:
        return -1
    return floor(change) if change > 0 else ceil(change)


def within(wanted: int, low: int, high: int) -> int:
    return min(max(wanted, low), high)
