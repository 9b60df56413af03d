"""Whatever two executions do, and whenever they stall or die, only the lease's holder deploys."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lambdas.deployments import lease
from lambdas.deployments.lease import Lease
from step_functions.loading import load
from tests.unit.lambdas.lease_model import (
    FUNCTION_LIMIT_SECONDS,
    Execution,
    Promises,
    Story,
    World,
    explore,
)

HORIZON_SECONDS = lease.HOLD_SECONDS
"""Long enough for a lease taken at the start to expire and be taken again."""
START = World(Lease(), 0, (Execution("older", "2026-01-01"), Execution("newer", "2026-01-02")))


def is_stale(world: World) -> bool:
    """Whether the step to this world was an UpdateEndpoint by one who no longer holds the lease."""
    deployed, record = world.deployed, world.record
    if deployed is None:
        return False
    holds = (deployed.holder, deployed.token) == (record.holder, record.token)
    return not holds or deployed.token < deployed.previous_token


@pytest.fixture(scope="module")
def reachable() -> list[tuple[World, Story]]:
    return list(explore(START, HORIZON_SECONDS))


def test_only_the_holder_of_the_newest_token_ever_updates_the_endpoint(reachable):
    stale = next((story for world, story in reachable if is_stale(world)), None)
    assert stale is None, f"\n{stale}"


def test_no_older_upload_is_deployed_after_a_newer_one_was_promoted(reachable):
    for world, story in reachable:
        if world.deployed:
            assert world.deployed.order >= world.record.promoted_order, f"\n{story}"


def test_two_executions_never_both_stand_before_their_update(reachable):
    for world, story in reachable:
        assert sum(execution.may_update for execution in world.executions) <= 1, f"\n{story}"


def test_whoever_died_the_lease_is_free_once_its_time_is_over(reachable):
    for world, story in reachable:
        later = max(world.record.held_until, world.record.waiter_until, world.now)
        answer = lease.acquire(world.record, holder="third", order="2026-01-03", now=later)
        assert answer.status == lease.ACQUIRED, f"\n{story}"


def test_the_model_reaches_the_endings_that_it_is_about(reachable):
    def endings() -> Iterator[tuple[str, ...]]:
        for world, _ in reachable:
            yield tuple(execution.function for execution in world.executions)

    tokens = {world.deployed.token for world, _ in reachable if world.deployed}
    wanted = {("over", "over"), ("dead", "over"), ("over", "dead"), ("deploy", "wait"), ("dead", "check")}
    assert wanted <= set(endings())
    assert {1, 2} <= tokens


@pytest.mark.parametrize(
    "broken", [Promises(kills_late_functions=False), Promises(tells_time_of_attempt=False)], ids=str
)
def test_the_model_notices_when_a_promise_that_the_lease_rests_on_is_broken(broken):
    worlds = explore(replace(START, promises=broken), HORIZON_SECONDS)
    assert any(is_stale(world) for world, _ in worlds)


def test_the_state_machine_keeps_the_promises_that_the_model_takes_for_granted():
    definition = load()
    told = {
        name: state
        for name, state in definition["States"].items()
        if isinstance(payload := state.get("Arguments", {}).get("Payload"), dict) and "now" in payload
    }
    del told["RequestApproval"]  # waits for a person, and without the lease
    assert {"AcquireLease", "DeployModel", "CheckDeployment"} <= set(told)
    for name, state in told.items():
        assert state["Arguments"]["Payload"]["now"] == "{% $now() %}", (
            f"{name} is told an old time on a retry"
        )
        assert state["TimeoutSeconds"] <= FUNCTION_LIMIT_SECONDS < lease.HOLD_SECONDS, name
