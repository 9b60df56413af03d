"""Moves the cloud's clock forward, and lets everything happen on the way that would have.

It goes from one due time to the next, and at least every minute, so that alarms see each of their periods.
What a schedule started is waited for before the clock moves on: its work takes the wall's time, and belongs
to the hour in which it was due. Rules with a schedule, and whatever a service does by the wall's clock
(SQS's visibility, DynamoDB's time to live), are not replayed: they go on when the clock stands.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from localcloud.host.clock import Clock, ClockError

STEP_SECONDS = 60.0
LONGEST_SECONDS = 366 * 86_400.0
_WAIT_WALL_SECONDS, _LOOK_WALL_SECONDS = 900.0, 0.1


class Advancing:
    """`running` tells the executions that run and wait for nobody."""

    def __init__(
        self,
        clock: Clock,
        running: Callable[[], set[str]],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._running, self._pause = clock, running, pause
        self._lock = threading.Lock()

    def advance(self, cloud_seconds: float) -> float:
        """The cloud's time afterwards; raises ClockError. It may pass more where what was started takes
        long."""
        if not (math.isfinite(cloud_seconds) and 0 <= cloud_seconds <= LONGEST_SECONDS):
            raise ClockError(
                f"the clock can be moved by 0 to {LONGEST_SECONDS:.0f} seconds, not by {cloud_seconds!r}"
            )
        with self._lock:
            before = self._running()
            until = self._clock.now() + cloud_seconds
            while (left := until - self._clock.now()) > 0:
                self._clock.advance(min(left, self._to_next_due(), STEP_SECONDS))
                for timer in self._clock.timers:
                    timer.sweep()
                self._settle(before)
        return self._clock.now()

    def _to_next_due(self) -> float:
        found = [due for timer in self._clock.timers if (due := timer.next_due()) is not None]
        return max(0.0, min(found, default=math.inf) - self._clock.now())

    def _settle(self, before: set[str]) -> None:
        left = _WAIT_WALL_SECONDS
        while self._running() - before and left > 0:
            self._pause(_LOOK_WALL_SECONDS)
            left -= _LOOK_WALL_SECONDS
