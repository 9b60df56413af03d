"""Counters of one process in Prometheus' text format.

With several processes on a port, each answers for itself, under its own label.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter

_BOUNDS = (50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 100e-3, 1.0)


class Metrics:
    """What a process has answered so far."""

    def __init__(self) -> None:
        self._answered: Counter[tuple[str, int]] = Counter()
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0

    def count(self, route: str, status: int, seconds: float) -> None:
        """One request: `seconds` from the last byte read to the answer."""
        self._answered[route, status] += 1
        self._buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def as_text(self, connections: int, healthy: bool) -> bytes:
        """The exposition format, version 0.0.4."""
        worker = f'worker="{os.getpid()}"'
        lines = [
            "# HELP greenlight_requests_total Requests answered.",
            "# TYPE greenlight_requests_total counter",
        ]
        for (route, status), count in sorted(self._answered.items()):
            lines.append(f'greenlight_requests_total{{{worker},route="{route}",status="{status}"}} {count}')
        lines += [
            "# HELP greenlight_request_seconds Time from the last byte of a request to its answer.",
            "# TYPE greenlight_request_seconds histogram",
        ]
        below = 0
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), self._buckets, strict=True):
            below += count
            lines.append(f'greenlight_request_seconds_bucket{{{worker},le="{bound}"}} {below}')
        lines += [
            f"greenlight_request_seconds_sum{{{worker}}} {self._seconds:.9f}",
            f"greenlight_request_seconds_count{{{worker}}} {below}",
            "# HELP greenlight_connections Open connections.",
            "# TYPE greenlight_connections gauge",
            f"greenlight_connections{{{worker}}} {connections}",
            "# HELP greenlight_healthy Whether the model passed its check at the start.",
            "# TYPE greenlight_healthy gauge",
            f"greenlight_healthy{{{worker}}} {int(healthy)}",
        ]
        return ("\n".join(lines) + "\n").encode()
