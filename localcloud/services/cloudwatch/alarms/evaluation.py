"""Which state an alarm's recent datapoints call for: M out of N, and what to make of missing data.

The rules are those of the CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data" and
its section "Avoiding premature transitions to alarm state"; the guide's two tables are the tests.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

EXTRA_PERIODS = 2
"""CloudWatch looks at more periods than it evaluates; the guide's example takes 5 for 3, and so does this."""


class State(StrEnum):
    """What an alarm says."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}

TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alarm fires: `datapoints` of the latest `periods` breach the threshold."""

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    treat_missing: str = "missing"

    def breaches(self, value: float) -> bool:
        """Whether one datapoint is bad."""
        return COMPARISONS[self.comparison](value, self.threshold)

    @property
    def range_periods(self) -> int:
        """How many periods an evaluation looks at (the guide's evaluation range)."""
        return self.periods + EXTRA_PERIODS


@dataclass(frozen=True, slots=True)
class Decision:
    """The state called for, and what led there."""

    state: State | None
    """None: stay in the current state."""
    evaluated: tuple[int, ...]
    """Positions, in the evaluation range, of the datapoints that counted; oldest first."""
    filled: int
    """How many missing datapoints had to be filled in."""
    breaching: int
    """How many of the evaluated datapoints breach, filled ones included."""


def decide(points: Sequence[float | None], rule: Rule) -> Decision:
    """The state that `points` (oldest first, None = missing, `rule.range_periods` of them) call for."""
    real = [position for position, value in enumerate(points) if value is not None][-rule.periods :]
    bad = [position for position in real if _breaches(points[position], rule)]
    missing = rule.periods - len(real)
    if missing == 0 or rule.treat_missing == "notBreaching":
        return _counted(real, missing, len(bad), rule)
    if rule.treat_missing == "breaching":
        return _counted(real, missing, len(bad) + missing, rule)
    if len(bad) >= rule.datapoints or len(bad) < len(real):
        return _counted(real, missing, len(bad), rule)
    return Decision(_undecided(bad, len(points), rule), tuple(real), missing, len(bad))


def _undecided(bad: Sequence[int], range_periods: int, rule: Rule) -> State | None:
    """Nothing but too few bad points, or nothing at all: an alarm only if the oldest is old enough."""
    if rule.treat_missing == "ignore":
        return None
    if bad and range_periods - bad[0] >= rule.datapoints:
        return State.ALARM
    return State.INSUFFICIENT_DATA


def _counted(real: Sequence[int], missing: int, breaching: int, rule: Rule) -> Decision:
    state = State.ALARM if breaching >= rule.datapoints else State.OK
    return Decision(state, tuple(real), missing, breaching)


def _breaches(value: float | None, rule: Rule) -> bool:
    return value is not None and rule.breaches(value)
