"""Parallel: the same input through several lines of states at once."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localcloud.services.stepfunctions.data import query
from localcloud.services.stepfunctions.errors import StatesError
from localcloud.services.stepfunctions.execution.frame import Frame

RunStates = Callable[[Mapping[str, Any], Any, Frame], Any]


def run_parallel(state: Mapping[str, Any], value: Any, frame: Frame, run_states: RunStates) -> Any:
    """Run every branch on the state's arguments; the state's output, made of the branches' outputs."""
    effective = query.arguments(state, value, frame)
    frame.event("ParallelStateStarted")
    branches = state["Branches"]
    frames = [frame.inner() for _ in branches]

    def run(index: int) -> Any:
        return run_states(branches[index], copy.deepcopy(effective), frames[index])

    try:
        results = together(run, len(branches), frame, workers=len(branches))
    except StatesError:
        frame.event("ParallelStateFailed")
        raise
    frame.previous = max([frame.previous, *(inner.previous for inner in frames)])
    frame.event("ParallelStateSucceeded")
    return query.output(state, value, results, frame)


def together(run: Callable[[int], Any], count: int, frame: Frame, workers: int) -> list[Any]:
    """Call run(0..count-1), at most `workers` at once; the results in order, or the first failure.

    After a failure nothing more is started and what runs is left to end by itself: its result is ignored.
    """
    results: list[Any] = [None] * count
    waiting = iter(range(count))
    lock = threading.Lock()
    done = threading.Condition()
    state: dict[str, Any] = {"left": count, "failure": None}

    def work() -> None:
        while True:
            with lock:
                index = None if state["failure"] else next(waiting, None)
            if index is None:
                return
            failure: BaseException | None = None
            try:
                results[index] = run(index)
            except BaseException as error:
                failure = error
            with done:
                state["left"] -= 1
                state["failure"] = state["failure"] or failure
                done.notify_all()

    for _ in range(min(workers, count)):
        frame.execution.in_thread(work)
    with done:
        done.wait_for(lambda: state["left"] == 0 or state["failure"] is not None)
    if state["failure"] is not None:
        raise state["failure"]
    return results


__all__: Sequence[str] = ["run_parallel", "together"]
