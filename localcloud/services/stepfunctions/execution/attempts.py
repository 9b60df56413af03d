"""Retry and Catch of Task, Parallel and Map.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.services.stepfunctions.data import query
from localcloud.services.stepfunctions.errors import StatesError, matches
from localcloud.services.stepfunctions.execution.frame import Frame

_DEFAULT_MAX_ATTEMPTS = 3
_DEFAULT_INTERVAL_SECONDS = 1
_DEFAULT_BACKOFF_RATE = 2.0
State = Mapping[str, Any]


def with_attempts(
    state: State, value: Any, frame: Frame, attempt: Callable[[], Any]
) -> tuple[Any, str | None]:
    """Attempt until it succeeds, no retrier is left, or a catcher takes the error; output and next state."""
    tried: Counter[int] = Counter()
    own = dict(frame.context["State"])
    while True:
        frame.context["State"] = {**own, "RetryCount": tried.total()}
        try:
            return attempt(), None if state.get("End") else state.get("Next")
        except StatesError as error:
            found = _retrier(state, error, tried)
            if found is None:
                return _catch(state, value, frame, error)
            index, retrier = found
            delay = delay_seconds(retrier, tried[index], random.random())  # noqa: S311 - jitter, not a secret
            tried[index] += 1
            frame.execution.pause(delay)


def delay_seconds(retrier: State, retries: int, chance: float) -> float:
    """Cloud seconds to wait before the next retry, `retries` having been made; `chance` in [0, 1) jitters."""
    interval = retrier.get("IntervalSeconds", _DEFAULT_INTERVAL_SECONDS)
    delay = float(interval * retrier.get("BackoffRate", _DEFAULT_BACKOFF_RATE) ** retries)
    if "MaxDelaySeconds" in retrier:
        delay = min(delay, float(retrier["MaxDelaySeconds"]))
    return delay * chance if retrier.get("JitterStrategy") == "FULL" else delay


def _retrier(state: State, error: StatesError, tried: Counter[int]) -> tuple[int, State] | None:
    """The first retrier that matches decides; None once it has used its attempts."""
    for index, retrier in enumerate(state.get("Retry", [])):
        if matches(retrier["ErrorEquals"], error.error):
            left = tried[index] < retrier.get("MaxAttempts", _DEFAULT_MAX_ATTEMPTS)
            return (index, retrier) if left else None
    return None


def _catch(state: State, value: Any, frame: Frame, error: StatesError) -> tuple[Any, str | None]:
    for catcher in state.get("Catch", []):
        if matches(catcher["ErrorEquals"], error.error):
            return query.caught(catcher, value, error, state, frame), catcher["Next"]
    raise error
