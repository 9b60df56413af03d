"""How many of a Map's items may fail.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#maprun-fail-threshold
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.ministack_adapter import stepfunctions
from localcloud.services.stepfunctions.data import query
from localcloud.services.stepfunctions.errors import StatesError
from localcloud.services.stepfunctions.execution.frame import Frame

ERROR = "States.ExceedToleratedFailureThreshold"
_COUNT, _PERCENTAGE = "ToleratedFailureCount", "ToleratedFailurePercentage"


@dataclass(frozen=True)
class Tolerance:
    """The limits that a Map declares; None where it declares none."""

    count: int | None = None
    percentage: float | None = None

    @property
    def is_declared(self) -> bool:
        return self.count is not None or self.percentage is not None

    def check(self, failed: int, total: int) -> None:
        """Raise States.ExceedToleratedFailureThreshold past a limit; without one, at the first failure."""
        over_count = self.count is not None and failed > self.count
        over_share = self.percentage is not None and failed * 100 > self.percentage * total
        if over_count or over_share or (failed and not self.is_declared):
            raise StatesError(
                ERROR,
                f"{failed} of {total} items failed, more than the specified tolerated failure threshold",
            )


def tolerance(state: Mapping[str, Any], value: Any, frame: Frame) -> Tolerance:
    """What the state declares, its expressions and paths evaluated."""
    count, percentage = (_number(state, name, value, frame) for name in (_COUNT, _PERCENTAGE))
    if percentage is not None and percentage > 100:
        raise StatesError(
            "States.QueryEvaluationError", f"{_PERCENTAGE} must be from 0 to 100, not {percentage}"
        )
    return Tolerance(None if count is None else int(count), percentage)


def _number(state: Mapping[str, Any], name: str, value: Any, frame: Frame) -> float | None:
    if name in state:
        found = query.field(state, name, "number", value, frame)
    elif f"{name}Path" in state:
        found = stepfunctions.resolve_path_or_ctx(state[f"{name}Path"], value, frame.context)
    else:
        return None
    if isinstance(found, bool) or not isinstance(found, (int, float)) or found < 0:
        raise StatesError("States.QueryEvaluationError", f"{name} must be a number from 0, not {found!r}")
    return float(found)
