"""EventBridge rules and schedules fire by the cloud's clock.

ministack sweeps them every ten seconds of wall time and asks the wall for the time; both are replaced.
"""

import time
from typing import Any

from localcloud.host.clock import Clock
from localcloud.ministack_adapter import eventbridge, scheduler

SWEEP_CLOUD_SECONDS = 10.0
SHORTEST_SWEEP_WALL_SECONDS = 0.1


class CloudTime:
    """Stands in for the module `time` in ministack's scheduler."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def time(self) -> float:
        """The cloud's now."""
        return self._clock.now()

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def install(clock: Clock) -> None:
    """Let rules, schedules and the times of events follow `clock`."""
    sweep = max(SHORTEST_SWEEP_WALL_SECONDS, clock.wall_seconds(SWEEP_CLOUD_SECONDS))
    eventbridge.now_seconds = clock.now
    eventbridge.SCHEDULER_TICK_INTERVAL = sweep
    scheduler.time = CloudTime(clock)
    scheduler.SCHEDULE_TICK_INTERVAL = sweep
