"""The values of metric math: numbers, time series, arrays of time series; and arithmetic on them.

Missing values count as 0 in an operation, and a datapoint that would divide by zero is dropped (CloudWatch
User Guide, "Basic arithmetic functions" and "Comparison and logical operators").
"""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from localcloud.services.cloudwatch.metric_math.syntax import MathError


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """Values by the epoch second at which their period begins."""

    values: Mapping[float, float]
    label: str = ""
    period_seconds: float = 60
    is_metric: bool = field(default=False, compare=False)

    def with_values(self, pairs: Iterable[tuple[float, float]]) -> "TimeSeries":
        """The series with other values; those that are not finite are dropped."""
        kept = {at: value for at, value in pairs if math.isfinite(value)}
        return TimeSeries(kept, self.label, self.period_seconds)


Value = float | TimeSeries | list[TimeSeries]

OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
    "<=": lambda left, right: float(left <= right),
    ">=": lambda left, right: float(left >= right),
    "<": lambda left, right: float(left < right),
    ">": lambda left, right: float(left > right),
    "AND": lambda left, right: float(left != 0 and right != 0),
    "OR": lambda left, right: float(left != 0 or right != 0),
}


def operate(symbol: str, left: Value, right: Value) -> Value:
    """`left symbol right`, element by element."""
    if isinstance(left, list):
        others = right if isinstance(right, list) else [right] * len(left)
        if len(left) != len(others):
            raise MathError(f"'{symbol}' needs arrays of one length, not {len(left)} and {len(others)}")
        return [_series(symbol, one, other) for one, other in zip(left, others, strict=True)]
    if isinstance(right, list):
        return [_series(symbol, left, other) for other in right]
    if isinstance(left, float) and isinstance(right, float):
        return compute(OPERATORS[symbol], left, right)
    return _series(symbol, left, right)


def compute(function: Callable[..., float], *arguments: float) -> float:
    """`function(*arguments)`, or nan where it has no real value."""
    try:
        result = function(*arguments)
    except (ZeroDivisionError, OverflowError, ValueError):
        return math.nan
    return math.nan if isinstance(result, complex) else float(result)


def times_of(*series: Value) -> list[float]:
    """Every moment at which one of the series has a value, in order."""
    return sorted({at for one in series if isinstance(one, TimeSeries) for at in one.values})


def value_at(value: float | TimeSeries, at: float) -> float | None:
    """A number is the same at every moment; a series may have no value."""
    return value.values.get(at) if isinstance(value, TimeSeries) else value


def _series(symbol: str, left: float | TimeSeries, right: float | TimeSeries) -> TimeSeries:
    shape = left if isinstance(left, TimeSeries) else right
    if not isinstance(shape, TimeSeries):
        raise MathError(f"'{symbol}' needs a time series here, not two numbers")
    function = OPERATORS[symbol]
    return shape.with_values(
        (at, compute(function, value_at(left, at) or 0.0, value_at(right, at) or 0.0))
        for at in times_of(left, right)
    )
