"""Which of a deployment's alarms are in ALARM, asked of the embedded CloudWatch."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from localcloud.sagemaker.errors import ValidationError


class Scope(Protocol):
    """The account and region whose alarms are meant."""

    def scope(self) -> AbstractContextManager[None]: ...


class Alarms:
    """Reads alarm states; composite alarms too."""

    def __init__(self, cloud: Scope) -> None:
        self._cloud = cloud

    def in_alarm(self, names: tuple[str, ...]) -> list[str]:
        """Those of the names whose state is ALARM; an alarm deleted meanwhile is not."""
        states = {name: self._state(name) for name in names}
        return [name for name, state in states.items() if state == "ALARM"]

    def require(self, names: tuple[str, ...]) -> None:
        """ValidationError for a name that is no alarm."""
        missing = [name for name in names if self._state(name) is None]
        if missing:
            raise ValidationError(f"CloudWatch alarms not found: {', '.join(missing)}")

    def _state(self, name: str) -> str | None:
        from ministack.services import cloudwatch

        with self._cloud.scope():
            alarm: dict[str, Any] | None = cloudwatch._alarms.get(name)
            if alarm is None:
                alarm = cloudwatch._composite_alarms.get(name)
        return str(alarm["StateValue"]) if alarm is not None else None
