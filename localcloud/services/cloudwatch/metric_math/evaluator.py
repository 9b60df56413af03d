"""Evaluates metric-math expressions over the metrics of one request or alarm."""

from collections.abc import Callable, Mapping, Sequence

from localcloud.services.cloudwatch.metric_math import functions
from localcloud.services.cloudwatch.metric_math.syntax import (
    Array,
    Call,
    MathError,
    Negation,
    Node,
    Number,
    Operation,
    Reference,
    Text,
    Word,
    called,
    parse,
    references,
)
from localcloud.services.cloudwatch.metric_math.values import TimeSeries, Value, operate, times_of, value_at

_OWN = ("METRICS", "IF", "PERIOD", "TIME_SERIES", "FILL", "SORT", "SLICE")
_ARRAYS = ("FIRST", "LAST", "REMOVE_EMPTY", "METRIC_COUNT")
SUPPORTED = frozenset([*functions.ELEMENTWISE, *functions.AGGREGATES, *functions.CALENDAR, *_OWN, *_ARRAYS])


def check(expressions: Mapping[str, str], metric_ids: Sequence[str]) -> None:
    """Refuse expressions that can never be evaluated: syntax, unknown functions and ids, circles."""
    trees = {key: parse(text) for key, text in expressions.items()}
    for tree in trees.values():
        if unknown := sorted(called(tree) - SUPPORTED):
            raise MathError(f"the function {unknown[0]} is not supported")
        if unknown := sorted(references(tree) - {*expressions, *metric_ids}):
            raise MathError(f"no metric or expression has the id '{unknown[0]}'")
    for key in trees:
        _refuse_circle(key, trees, ())


def _refuse_circle(key: str, trees: Mapping[str, Node], above: tuple[str, ...]) -> None:
    if key in above:
        raise MathError(f"the expression '{key}' depends on itself")
    for below in references(trees[key]) & set(trees):
        _refuse_circle(below, trees, (*above, key))


class Evaluator:
    """The metrics of one request, by id, and the grid of periods that it covers."""

    def __init__(
        self,
        metrics: Mapping[str, TimeSeries],
        expressions: Mapping[str, str],
        grid: Callable[[float], Sequence[float]],
        period_seconds: float,
    ) -> None:
        self._metrics = metrics
        self._trees = {key: parse(text) for key, text in expressions.items()}
        self._grid = grid
        """Given a period's length, the moments of the request at which such a period begins."""
        self._period = period_seconds
        self._done: dict[str, Value] = {}

    def series(self, key: str) -> list[TimeSeries]:
        """The one or more series that the expression `key` gives; a bare number is refused."""
        value = self._by_id(key)
        if isinstance(value, TimeSeries):
            return [value]
        if isinstance(value, list):
            return value
        raise MathError(f"the expression '{key}' gives a number, not a time series")

    def _by_id(self, key: str) -> Value:
        if key in self._metrics:
            return self._metrics[key]
        if key not in self._trees:
            raise MathError(f"no metric or expression has the id '{key}'")
        if key not in self._done:
            self._done[key] = self._value(self._trees[key])
        return self._done[key]

    def _value(self, node: Node) -> Value:
        match node:
            case Number(value):
                return value
            case Reference(key):
                return self._by_id(key)
            case Array(items):
                return [series for item in items for series in self._as_array(item)]
            case Negation(operand):
                return operate("*", self._value(operand), -1.0)
            case Operation(symbol, left, right):
                return operate(symbol, self._value(left), self._value(right))
            case Call(name, arguments):
                return self._call(name, arguments)
            case Text(value) | Word(value):
                raise MathError(f"'{value}' has no value here")

    def _as_array(self, node: Node) -> list[TimeSeries]:
        value = self._value(node)
        if isinstance(value, TimeSeries):
            return [value]
        if isinstance(value, list):
            return value
        raise MathError(f"an array holds time series, not the number {value:g}")

    def _call(self, name: str, arguments: Sequence[Node]) -> Value:
        special = {
            "METRICS": self._all_metrics,
            "IF": self._if,
            "PERIOD": self._period_of,
            "TIME_SERIES": self._constant,
            "FILL": self._fill,
            "SORT": self._sort,
            "SLICE": self._slice,
        }
        if name in special:
            return special[name](arguments)
        if name not in SUPPORTED:
            raise MathError(f"the function {name} is not supported")
        (argument,) = _arguments(name, arguments, 1, 1)
        if name in _ARRAYS:
            return _of_array(name, self._as_array(argument))
        value = self._value(argument)
        if name in functions.AGGREGATES:
            return functions.aggregate(name, value)
        if name in functions.CALENDAR:
            return functions.each(
                lambda series: functions.calendar(name, self._grid(series.period_seconds), series),
                value,
                name,
            )
        return functions.each(functions.ELEMENTWISE[name], value, name)

    def _all_metrics(self, arguments: Sequence[Node]) -> Value:
        if not arguments:
            return list(self._metrics.values())
        (part,) = _arguments("METRICS", arguments, 1, 1)
        if not isinstance(part, Text):
            raise MathError('METRICS takes nothing or a text in quotes, as in METRICS("errors")')
        return [series for key, series in self._metrics.items() if part.value in key]

    def _if(self, arguments: Sequence[Node]) -> Value:
        condition, *chosen = (self._value(argument) for argument in _arguments("IF", arguments, 2, 3))
        yes = chosen[0]
        no = chosen[1] if len(chosen) > 1 else None
        if isinstance(condition, list) or isinstance(yes, list) or isinstance(no, list):
            raise MathError("IF takes numbers and single time series, not arrays")
        if not isinstance(condition, TimeSeries):
            chosen_value = yes if condition else no
            return TimeSeries({}) if chosen_value is None else chosen_value
        return condition.with_values(_chosen(condition, yes, no))

    def _period_of(self, arguments: Sequence[Node]) -> Value:
        (argument,) = _arguments("PERIOD", arguments, 1, 1)
        if not isinstance(argument, Reference) or argument.id not in self._metrics:
            raise MathError("PERIOD takes a metric, not the result of an expression")
        return float(self._metrics[argument.id].period_seconds)

    def _constant(self, arguments: Sequence[Node]) -> Value:
        (argument,) = _arguments("TIME_SERIES", arguments, 1, 1)
        value = self._value(argument)
        if not isinstance(value, float):
            raise MathError("TIME_SERIES takes a number")
        return TimeSeries({}, "", self._period).with_values((at, value) for at in self._grid(self._period))

    def _fill(self, arguments: Sequence[Node]) -> Value:
        what, how = _arguments("FILL", arguments, 2, 2)
        filler = how.name if isinstance(how, Word) else self._value(how)
        if isinstance(filler, list):
            raise MathError("FILL takes a number, a single series, REPEAT or LINEAR")
        return functions.each(
            lambda series: functions.fill(series, self._grid(series.period_seconds), filler),
            self._value(what),
            "FILL",
        )

    def _sort(self, arguments: Sequence[Node]) -> Value:
        array, by, order, *limit = _arguments("SORT", arguments, 3, 4)
        if not (isinstance(by, Word) and isinstance(order, Word)):
            raise MathError("SORT is written SORT(array, AVG, DESC)")
        return functions.sort(
            self._as_array(array), by.name, order.name, self._number("SORT", limit[0]) if limit else None
        )

    def _slice(self, arguments: Sequence[Node]) -> Value:
        array, *bounds = _arguments("SLICE", arguments, 2, 3)
        start, *end = (int(self._number("SLICE", bound)) for bound in bounds)
        return self._as_array(array)[start : end[0] if end else None]

    def _number(self, name: str, node: Node) -> float:
        value = self._value(node)
        if not isinstance(value, float):
            raise MathError(f"{name} takes a number here")
        return value


def _of_array(name: str, array: list[TimeSeries]) -> Value:
    if name == "METRIC_COUNT":
        return float(len(array))
    if name == "REMOVE_EMPTY":
        return [series for series in array if series.values]
    if not array:
        return TimeSeries({})
    return array[0] if name == "FIRST" else array[-1]


def _chosen(
    condition: TimeSeries, yes: float | TimeSeries, no: float | TimeSeries | None
) -> list[tuple[float, float]]:
    """Where the condition holds the first value, 0 if it is missing; elsewhere the second, if it exists."""
    pairs: list[tuple[float, float]] = []
    for at in times_of(condition):
        if condition.values[at]:
            pairs.append((at, value_at(yes, at) or 0.0))
        elif no is not None and (other := value_at(no, at)) is not None:
            pairs.append((at, other))
    return pairs


def _arguments(name: str, arguments: Sequence[Node], least: int, most: int) -> Sequence[Node]:
    if not least <= len(arguments) <= most:
        counts = str(least) if least == most else f"{least} to {most}"
        raise MathError(f"{name} takes {counts} arguments, not {len(arguments)}")
    return arguments
