"""Evaluates every alarm several times a wall second."""

import logging
import threading
from collections.abc import Callable, Iterable

from localcloud.host.clock import Clock
from localcloud.services.cloudwatch.monitor import Monitor

_log = logging.getLogger("localcloud.services.cloudwatch")
SHORTEST_WALL_SECONDS = 0.1
LONGEST_WALL_SECONDS = 1.0
_CLOUD_SECONDS = 3.0
"""A twentieth of the commonest period, a minute."""
_COMPACT_CLOUD_SECONDS = 600.0


def interval(clock: Clock) -> float:
    """Wall seconds between two evaluations: 0.1 at 30 times the wall's speed, 1 with the wall."""
    return min(LONGEST_WALL_SECONDS, max(SHORTEST_WALL_SECONDS, clock.wall_seconds(_CLOUD_SECONDS)))


class Timer:
    """A thread that evaluates what `monitors()` returns until it is stopped."""

    def __init__(self, monitors: Callable[[], Iterable[Monitor]], clock: Clock) -> None:
        self._monitors = monitors
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarm-timer", daemon=True)
        self._compact_at = clock.now() + _COMPACT_CLOUD_SECONDS

    def start(self) -> None:
        """Begin."""
        self._clock.timers.append(self)
        self._thread.start()

    def stop(self) -> None:
        """End; an evaluation under way is finished."""
        self._stopping.set()
        self._thread.join(timeout=2)

    def tick(self) -> None:
        """Evaluate everything once; one failure does not stop the others."""
        for monitor in self._monitors():
            try:
                monitor.alarms.evaluate()
            except Exception:
                _log.exception("alarms could not be evaluated")
        if self._clock.now() >= self._compact_at:
            self._compact_at = self._clock.now() + _COMPACT_CLOUD_SECONDS
            for monitor in self._monitors():
                monitor.store.compact(self._clock.now())

    def next_due(self) -> float | None:
        """Alarms have no times of their own: a clock that is moved stops every minute."""
        return None

    def sweep(self) -> None:
        """For a clock that is moved."""
        self.tick()

    def _run(self) -> None:
        while not self._stopping.wait(interval(self._clock)):
            self.tick()
