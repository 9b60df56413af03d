"""Where states run: the execution itself, a branch of a Parallel, or an iteration of a Map."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.services.stepfunctions.execution.execution import Execution


@dataclass
class Frame:
    """One line of states: its context object, its variables and the event it is at."""

    execution: Execution
    language: str
    context: dict[str, Any]
    variables: dict[str, Any] = field(default_factory=dict)
    previous: int = 0
    top: bool = False
    """Whether these are the state machine's own states: their progress is kept for a restart."""
    entered: bool = False
    """Whether the first state was entered before a restart or redrive: its history goes on from there."""

    def inner(self, **context: Any) -> Frame:
        """A frame inside this one: it sees these variables and assigns its own."""
        return Frame(
            execution=self.execution,
            language=self.language,
            context={**copy.deepcopy(self.context), **context},
            variables=copy.deepcopy(self.variables),
            previous=self.previous,
        )

    def event(self, kind: str, details_name: str | None = None, **details: Any) -> None:
        """Add a history event after this frame's last one."""
        self.previous = self.execution.history.add(kind, self.previous, details_name, **details)
