"""An execution's history, event by event, as GetExecutionHistory and CloudWatch Logs give it.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from localcloud.ministack_adapter import responses
from localcloud.services.stepfunctions.errors import StatesError

_MAX_PAYLOAD_BYTES = 262_144
_LIMIT = 25_000
Event = dict[str, Any]


class History:
    """Appends events to an execution's record; each branch knows the event that came before."""

    def __init__(self, events: list[Event], on_event: Callable[[Event], None]) -> None:
        self._events = events
        self._on_event = on_event
        self._lock = threading.Lock()

    def add(self, kind: str, previous: int, details_name: str | None = None, **details: Any) -> int:
        """Add an event after `previous` (0: the first); its id. Details that are None are left out."""

        with self._lock:
            if len(self._events) >= _LIMIT:
                raise StatesError("States.Runtime", f"The execution reached the maximum of {_LIMIT} events.")
            event: Event = {
                "id": len(self._events) + 1,
                "type": kind,
                "timestamp": responses.now_iso(),
                "previousEventId": previous,
            }
            if details_name:
                event[details_name] = {name: value for name, value in details.items() if value is not None}
            self._events.append(event)
        self._on_event(event)
        return int(event["id"])


def payload(value: Any) -> str:
    """A state's input or output as the history holds it; past 256 KiB it is States.DataLimitExceeded."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > _MAX_PAYLOAD_BYTES:
        raise StatesError(
            "States.DataLimitExceeded",
            f"The state's data is {len(text.encode())} bytes; the maximum is {_MAX_PAYLOAD_BYTES}.",
        )
    return text
