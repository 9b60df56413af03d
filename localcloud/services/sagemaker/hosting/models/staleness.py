"""Eventual consistency: a call that a `stale` fault struck sees no model or endpoint config that is new.

SageMaker reads what was just made with eventual consistency, and asks callers to try again (API reference,
CreateEndpoint: "the call might fail with a validation error").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from localcloud.host.clock import Clock

_unseen_seconds: ContextVar[float] = ContextVar("unseen_seconds", default=0.0)


@contextmanager
def unseen_for(wall_seconds: float) -> Iterator[None]:
    """Within the block, a call does not see what was made less than so many wall seconds ago."""
    token = _unseen_seconds.set(wall_seconds)
    try:
        yield
    finally:
        _unseen_seconds.reset(token)


def is_seen(record: Mapping[str, Any], clock: Clock) -> bool:
    """Whether the call that is carried out now sees a record with a CreationTime."""
    limit = _unseen_seconds.get()
    return limit <= 0 or (clock.now() - float(record["CreationTime"])) / clock.speed >= limit
