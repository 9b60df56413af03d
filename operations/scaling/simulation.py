"""A fleet under target tracking on invocations per instance, minute by minute.

Application Auto Scaling user guide, "Target tracking scaling policies": the metric is held against a target,
capacity is added in proportion, removed gently, and nothing is removed while a cooldown lasts (300 s where
SageMaker's policies say nothing). How many datapoints its own alarms ask for is not promised there: three
minutes above the target, fifteen below nine tenths of it, are what they are seen to have in accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf

from lambdas.scale_fleet.queueing import p99_wait_seconds, target_per_minute

MINUTE = 60
MINUTES_ABOVE, MINUTES_BELOW, BELOW_SHARE = 3, 15, 0.9


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """What is to be tried. `service_ms` is how long an instance takes for one request; `start_seconds` how
    long until a new one answers."""

    min_instances: int
    max_instances: int
    p99_ms: float
    service_ms: float
    start_seconds: int = 300
    cooldown_seconds: int = 300
    max_load_share: float = 0.75

    def __post_init__(self) -> None:
        if not 1 <= self.min_instances <= self.max_instances:
            raise ValueError(
                f"the fewest instances are 1 at least and no more than the most: {self.min_instances} and "
                f"{self.max_instances}"
            )
        if self.service_ms <= 0 or self.service_ms > self.p99_ms:
            raise ValueError(
                f"an instance that takes {self.service_ms:g} ms answers nothing within {self.p99_ms:g} ms"
            )

    @property
    def target_per_minute(self) -> float:
        """Invocations per instance and minute at which the smallest fleet keeps limit and load."""
        return target_per_minute(
            self.p99_ms,
            self.service_ms,
            instances=self.min_instances,
            max_load_share=self.max_load_share,
        )


@dataclass(frozen=True, kw_only=True)
class Minute:
    """What one minute was like; `p99_ms` is of the requests that came in it."""

    requests_per_second: float
    instances: int
    waiting: float
    p99_ms: float


def simulate(scaling: Scaling, trace: Sequence[float]) -> list[Minute]:
    """The fleet under requests per second, one figure a minute; it begins as large as the first one needs."""
    fleet = _Fleet(scaling, MINUTE * trace[0])
    waiting = 0.0
    minutes: list[Minute] = []
    for number, rate in enumerate(trace):
        instances = fleet.ready(number)
        served = instances * 1000 / scaling.service_ms
        p99_ms = _p99_ms(scaling, rate, instances, waiting)
        waiting = max(0.0, waiting + (rate - served) * MINUTE)
        minutes.append(Minute(requests_per_second=rate, instances=instances, waiting=waiting, p99_ms=p99_ms))
        fleet.look(number, MINUTE * rate / instances)
    return minutes


def _p99_ms(scaling: Scaling, rate: float, instances: int, waiting: float) -> float:
    """The queue's own wait, or while it is overrun what the last of the minute wait for those before them."""
    service = scaling.service_ms / 1000
    wait = p99_wait_seconds(rate, instances, service)
    overrun = max(0.0, rate - instances / service) * MINUTE * 0.99
    backlog = (waiting + overrun) * service / instances
    return 1000 * (service + backlog + (0.0 if wait == inf else wait))


class _Fleet:
    """What is wanted, and which instances answer by now."""

    def __init__(self, scaling: Scaling, per_minute: float) -> None:
        self._scaling = scaling
        self._wanted = self._ready = self._within(ceil(per_minute / scaling.target_per_minute))
        self._coming: list[tuple[int, int]] = []  # the minute from which so many answer
        self._above = self._below = 0
        self._changed = -inf

    def ready(self, minute: int) -> int:
        while self._coming and self._coming[0][0] <= minute:
            self._ready = max(self._ready, min(self._coming.pop(0)[1], self._wanted))
        return self._ready

    def look(self, minute: int, per_instance: float) -> None:
        """One datapoint of the metric; per_instance is over those that answer."""
        target = self._scaling.target_per_minute
        self._above = self._above + 1 if per_instance > target else 0
        self._below = self._below + 1 if per_instance < BELOW_SHARE * target else 0
        is_cool = (minute - self._changed) * MINUTE >= self._scaling.cooldown_seconds
        needed = max(1, ceil(self._ready * per_instance / target))
        if self._above >= MINUTES_ABOVE and needed > self._wanted:
            self._set(minute, needed)  # more is added whatever was added before
        elif self._below >= MINUTES_BELOW and is_cool and needed < self._wanted:
            self._set(minute, needed)
            self._ready = min(self._ready, self._wanted)
            self._below = 0

    def _within(self, needed: int) -> int:
        return min(max(needed, self._scaling.min_instances), self._scaling.max_instances)

    def _set(self, minute: int, needed: int) -> None:
        wanted = self._within(needed)
        if wanted == self._wanted:
            return
        if wanted > self._wanted:
            self._coming.append((minute + 1 + ceil(self._scaling.start_seconds / MINUTE), wanted))
        self._wanted, self._changed = wanted, float(minute)
