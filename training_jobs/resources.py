"""How much of the machine a job may use."""

from __future__ import annotations

import os


def available_threads() -> int:
    """The processors that this process may run on, or OMP_NUM_THREADS where somebody chose."""
    chosen = os.environ.get("OMP_NUM_THREADS", "")
    return int(chosen) if chosen.isdigit() and int(chosen) > 0 else len(os.sched_getaffinity(0))
