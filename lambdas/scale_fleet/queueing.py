"""How long a request waits for one of several instances that answer one request at a time.

Erlang's formula C for Poisson arrivals and exponential service times (Cooper, "Introduction to Queueing
Theory", chapter 3). A model's service times vary less than that, so the waits are an upper estimate.
"""

from __future__ import annotations

from math import inf, log


def p99_wait_seconds(requests_per_second: float, instances: int, service_seconds: float) -> float:
    """The wait that 1 in 100 requests exceeds; infinite where more comes than is answered."""
    load = requests_per_second * service_seconds
    if load >= instances:
        return inf
    chance = _chance_to_wait(load, instances)
    if chance <= 0.01:
        return 0.0
    return log(chance / 0.01) * service_seconds / (instances - load)


def requests_within(p99_seconds: float, instances: int, service_seconds: float) -> float:
    """The most requests a second of which 99 in 100 are answered in time; 0 where none can be."""
    if service_seconds > p99_seconds:
        return 0.0
    low, high = 0.0, instances / service_seconds
    for _ in range(50):
        middle = (low + high) / 2
        in_time = p99_wait_seconds(middle, instances, service_seconds) + service_seconds <= p99_seconds
        low, high = (middle, high) if in_time else (low, middle)
    return low


def target_per_minute(
    max_p99_ms: float, service_ms: float, *, instances: int, max_load_share: float
) -> float:
    """Invocations per instance and minute at which the smallest fleet keeps the limit, loaded by
    `max_load_share` (0-1) at most: an instance that is asked for answers only minutes later. 0 where an
    instance takes longer for one request than the limit."""
    within = requests_within(max_p99_ms / 1000, instances, service_ms / 1000) / instances
    return 60 * min(within, max_load_share * 1000 / service_ms)


def _chance_to_wait(load: float, instances: int) -> float:
    """By Erlang B's recursion, which never overflows."""
    blocked = 1.0
    for number in range(1, instances + 1):
        blocked = load * blocked / (number + load * blocked)
    share = load / instances
    return blocked / (1 - share + share * blocked)
