"""No way through a definition takes longer than the limit of the whole execution."""

from __future__ import annotations

from typing import Any

from step_functions.time_limit import BEHIND_THE_LEASE, Bounds, execution_seconds, longest_seconds
from tests.unit.step_functions.definition import DEFINITION, PART_STATES, STATES

BOUNDS = Bounds(training_seconds=10_000, deployment_seconds=20_000, map_items=45)
BUSY = {"ErrorEquals": ["BusyError"], "IntervalSeconds": 2, "MaxAttempts": 4, "BackoffRate": 2}
CRASHED = {"ErrorEquals": ["Sandbox.Timedout"], "IntervalSeconds": 5, "MaxAttempts": 2, "BackoffRate": 1}


def task(seconds: int, *retriers: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Task", "TimeoutSeconds": seconds, "Retry": list(retriers)}


def test_a_refused_attempt_costs_the_wait_after_it() -> None:
    assert longest_seconds(task(90, BUSY), BOUNDS) == 90 + 2 + 4 + 8 + 16
    assert longest_seconds(task(90, {**BUSY, "MaxDelaySeconds": 5}), BOUNDS) == 90 + 2 + 4 + 5 + 5


def test_an_attempt_that_ran_out_of_time_costs_all_of_it() -> None:
    assert longest_seconds(task(90, CRASHED), BOUNDS) == 3 * 90 + 5 + 5


def test_a_map_takes_as_many_rounds_as_its_items_need() -> None:
    inner = {"States": {"Part": task(100), "Failed": {"Type": "Fail"}}}
    state = {"Type": "Map", "MaxConcurrency": 20, "ItemProcessor": inner, "Retry": [BUSY]}
    assert longest_seconds(state, BOUNDS) == 3 * 100 + 30


def longer_by(**bounds: int) -> int:
    kept = vars(BOUNDS) | {name: getattr(BOUNDS, name) + more for name, more in bounds.items()}
    return execution_seconds(DEFINITION, Bounds(**kept)) - execution_seconds(DEFINITION, BOUNDS)


def test_the_limit_grows_with_what_bounds_the_loops() -> None:
    assert longer_by(training_seconds=7) == 7
    assert longer_by(deployment_seconds=7) == 3 * 7  # its own, and two before it
    assert longer_by(map_items=20) == longest_seconds(PART_STATES["IngestPart"], BOUNDS)


def test_a_state_that_comes_to_the_pipeline_makes_the_limit_longer() -> None:
    longer = {**DEFINITION, "States": {**STATES, "AnotherTask": task(86_400)}}
    assert execution_seconds(longer, BOUNDS) == execution_seconds(DEFINITION, BOUNDS) + 86_400


def test_every_state_that_is_counted_by_its_name_is_there() -> None:
    assert set(BEHIND_THE_LEASE) <= set(STATES)
