"""How much of the machine a fit uses."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# Below this, threads cost more than they give: they wait for each other after each histogram, and on a busy
# machine that waiting made a fit of one second take twenty.
ROWS_WORTH_THREADS = 100_000


def fitting_threads(rows: int) -> int:
    """One for few rows, else every processor of this process; OMP_NUM_THREADS decides where it is set."""
    chosen = os.environ.get("OMP_NUM_THREADS", "")
    if chosen.isdigit() and int(chosen) > 0:
        return int(chosen)
    return 1 if rows < ROWS_WORTH_THREADS else processors()


def processors() -> int:
    """The processors that this process may use; all of the machine's where the system knows no affinity."""
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known else os.cpu_count() or 1


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """OpenMP uses at most this many threads inside."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # Rounds are bounded on purpose; how good what came out is, cross-validation says.
    with warnings.catch_warnings(), threadpool_limits(threads, user_api="openmp"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
