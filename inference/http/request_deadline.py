"""A bound on the time that one request may take of its process, whatever it asks for."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from inference.errors import BodyTooLargeError

# Reading takes time by a body's size, so what is smaller needs no watch.
LONG_BODY_BYTES = 1 << 15


class RequestDeadline:
    """Interrupts Python's code, on the main thread alone; compiled code returns first. A worker that never
    returns is its supervisor's to end."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.is_running = False
        signal.signal(signal.SIGALRM, self._expire)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Raises BodyTooLargeError inside the block when the time is over."""
        self.is_running = True
        signal.setitimer(signal.ITIMER_REAL, self._seconds)
        try:
            yield
        finally:
            self.is_running = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _expire(self, number: int, frame: object) -> None:
        if self.is_running:
            raise BodyTooLargeError(
                f"the request took more than {self._seconds:g} seconds; send fewer rows in a request"
            )
