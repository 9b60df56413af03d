"""Everything CloudWatch has in one account and region."""

import time
from dataclasses import dataclass

from localcloud.host.clock import Clock
from localcloud.services.cloudwatch.alarms.engine import AlarmEngine
from localcloud.services.cloudwatch.metrics.store import MetricStore

LIVE_WALL_SECONDS = 120
"""How far from the wall's now a timestamp may be and still mean "now" (see live_time)."""


@dataclass(frozen=True)
class Monitor:
    """Metrics and alarms, and the clock that both run on."""

    store: MetricStore
    alarms: AlarmEngine
    clock: Clock

    def live_time(self, timestamp: float) -> float:
        """The cloud's time for a timestamp that a client gave.

        A process takes the time from the wall. When the cloud's clock has run ahead, a timestamp near the
        wall's now is live data: it keeps its small distance to now. Any other timestamp stays as it is.
        """
        behind = time.time() - timestamp
        if abs(behind) > LIVE_WALL_SECONDS:
            return timestamp
        return self.clock.now() - behind
