"""Which of a deployment's alarms are in ALARM, asked of the embedded CloudWatch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from localcloud.services.sagemaker.errors import ValidationError

States = Callable[[Sequence[str]], Mapping[str, str]]
"""The states of those of the named alarms, composite ones too, that exist."""


class Alarms:
    """Reads alarm states."""

    def __init__(self, states: States) -> None:
        self._states = states

    def in_alarm(self, names: tuple[str, ...]) -> list[str]:
        """Those of the names whose state is ALARM; an alarm deleted meanwhile is not."""
        states = self._states(names) if names else {}
        return [name for name in names if states.get(name) == "ALARM"]

    def require(self, names: tuple[str, ...]) -> None:
        """ValidationError for a name that is no alarm."""
        states = self._states(names) if names else {}
        missing = [name for name in names if name not in states]
        if missing:
            raise ValidationError(f"CloudWatch alarms not found: {', '.join(missing)}")
