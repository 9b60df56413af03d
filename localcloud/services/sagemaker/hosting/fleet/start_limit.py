"""How long an instance may take to pass its health check: real work by the wall, a broken model by the cloud.

A process needs real time to start, however fast the cloud's clock runs and busy the machine is: until it
gives a sign of life the whole limit counts wall time. Once it has answered a ping with something else than
200, or has ended and is started again, it no longer is slow but wrong, and the cloud's clock counts, so that
a broken model fails as fast as the cloud runs.
"""

from __future__ import annotations

import asyncio

from localcloud.host.clock import Clock
from localcloud.processes import load

HEALTH_CHECK_SECONDS = 480.0
"""ContainerStartupHealthCheckTimeoutInSeconds unless set: 8 minutes."""
LEAST_WALL_SECONDS = 5.0
"""For what has shown life: a server that answers 503 while it loads its model loads it in real time. On a
busy machine as much longer as it is busy."""

MOST_PATIENCE = 4.0
"""A broken model fails soon on the busiest machine, too."""


class StartLimit:
    """The time that one instance of a fleet has, through all its restarts."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        """Begins now; `seconds` as the endpoint config has them. Runs on the event loop's time."""
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._alive_since: float | None = None
        self._seconds = seconds
        self._cloud_seconds = clock.wall_seconds(seconds)

    def show_life(self) -> None:
        """From the first call on the cloud's clock counts."""
        if self._alive_since is None:
            self._alive_since = self._loop.time()

    def over(self) -> bool:
        """Whether the time is up."""
        now = self._loop.time()
        if now - self._began >= self._seconds:
            return True
        if self._alive_since is None:
            return False
        floor = min(self._seconds, LEAST_WALL_SECONDS * min(load.factor(), MOST_PATIENCE))
        return now - self._alive_since >= max(self._cloud_seconds, floor)
