"""The open connections of one process: how many, how much they hold, and which of them are too slow."""

from __future__ import annotations

import itertools
import os
from typing import Protocol

from inference.errors import BusyError
from inference.http.known_heads import KnownHeads
from inference.http.service import Service
from inference.http.settings import ServerSettings


class Connection(Protocol):
    """One connection; `deadline` (monotonic seconds) is when its peer has taken too long."""

    deadline: float

    def expire(self) -> None: ...
    def close_if_idle(self) -> None: ...


class Connections:
    """Shared by the connections of a process."""

    def __init__(self, service: Service, settings: ServerSettings) -> None:
        self.service = service
        self.settings = settings
        self.heads = KnownHeads()
        self.draining = False
        self._open: set[Connection] = set()
        self._held_bytes = 0
        # Unlike any other process's, so that a request is found in the logs of many instances.
        self._prefix = os.urandom(6).hex()
        self._numbers = itertools.count(1)
        service.count_connections = self._open.__len__

    def __len__(self) -> int:
        return len(self._open)

    def new_request_id(self) -> str:
        return f"{self._prefix}-{next(self._numbers)}"

    def add(self, connection: Connection) -> None:
        """Raises BusyError where there are as many as there may be."""
        if len(self._open) >= self.settings.max_connections:
            raise BusyError("too many connections; try again later")
        self._open.add(connection)

    def discard(self, connection: Connection) -> None:
        self._open.discard(connection)

    def hold(self, count: int) -> None:
        """Account for bytes of unfinished bodies; raises BusyError where all together would be too many."""
        if self._held_bytes + count > self.settings.max_held_bytes:
            raise BusyError("too many large requests at once; try again later")
        self._held_bytes += count

    def release(self, count: int) -> None:
        self._held_bytes -= count

    def sweep(self, now: float) -> None:
        """Close whoever has passed a deadline; called every second."""
        for connection in [c for c in self._open if now > c.deadline]:
            connection.expire()

    def drain(self) -> None:
        """Close idle connections now, and the others after the answer that they wait for."""
        self.draining = True
        for connection in list(self._open):
            connection.close_if_idle()
