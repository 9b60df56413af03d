"""`make scale-plan TRACE=file`: what a self-scaling fleet would have done, and what it would have cost."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lambdas.scale_fleet.queueing import p99_wait_seconds
from operations.scaling.simulation import MINUTE, Minute, Scaling, simulate
from operations.scaling.trace import TraceError, read_trace

DAY_MINUTES = 24 * MINUTE


def report(scaling: Scaling, minutes: Sequence[Minute], usd_per_hour: float) -> list[str]:
    """Lines for people."""
    late = sum(minute.p99_ms > scaling.p99_ms for minute in minutes) / len(minutes)
    hours = sum(minute.instances for minute in minutes) / MINUTE
    waiting, worst = max(m.waiting for m in minutes), max(m.p99_ms for m in minutes)
    peak = max(minute.requests_per_second for minute in minutes)
    fixed = _fixed(scaling, peak)
    fixed_hours = fixed * len(minutes) / MINUTE
    return [
        f"target: {scaling.target_per_minute:.0f} invocations per instance and minute",
        f"instances: {min(m.instances for m in minutes)} to {max(m.instances for m in minutes)}",
        f"above {scaling.p99_ms:g} ms: {late:.2%} of the time; at most {waiting:.0f} requests waiting, "
        f"p99 {worst:.0f} ms",
        f"instance hours: {hours:.1f}, {hours / fixed_hours:.0%} of {fixed} instances, which the peak needs",
        f"cost a day: ${hours * usd_per_hour * DAY_MINUTES / len(minutes):.2f} beside "
        f"${fixed * 24 * usd_per_hour:.2f}",
    ]


def _fixed(scaling: Scaling, peak: float) -> int:
    """The smallest fleet that keeps the limit at the peak."""
    service = scaling.service_ms / 1000
    instances = 1
    while 1000 * (service + p99_wait_seconds(peak, instances, service)) > scaling.p99_ms:
        instances += 1
    return instances


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make scale-plan", description=__doc__)
    parser.add_argument("trace", type=Path, help="requests per second, one number a minute")
    parser.add_argument("--min", type=int, default=2)
    parser.add_argument("--max", type=int, default=20)
    parser.add_argument("--p99-ms", type=float, default=100.0)
    parser.add_argument("--service-ms", type=float, required=True, help="of one request on one instance")
    parser.add_argument("--max-load-share", type=float, default=0.75, help="of an instance (0-1)")
    parser.add_argument("--start-seconds", type=int, default=300)
    parser.add_argument("--usd-per-hour", type=float, default=0.115, help="of one instance")
    given = parser.parse_args(arguments)
    try:
        scaling = Scaling(
            min_instances=given.min,
            max_instances=given.max,
            p99_ms=given.p99_ms,
            service_ms=given.service_ms,
            start_seconds=given.start_seconds,
            max_load_share=given.max_load_share,
        )
        minutes = simulate(scaling, read_trace(given.trace))
    except (TraceError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(report(scaling, minutes, given.usd_per_hour)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
