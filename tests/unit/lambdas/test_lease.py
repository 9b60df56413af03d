"""One holder at a time, the newest upload first, and no stale token deploys."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.errors import LeaseLostError
from lambdas.deployments.lease import (
    ACQUIRED,
    HOLD_SECONDS,
    SUPERSEDED,
    TASK_SECONDS,
    WAIT_SECONDS,
    WAITING,
    Answer,
    Lease,
    acquire,
    release,
    renew,
)


def held(holder: str = "a", order: str = "1", now: int = 0) -> Lease:
    return acquire(Lease(), holder=holder, order=order, now=now).lease


def test_a_free_lease_is_taken_with_a_new_token() -> None:
    answer = acquire(Lease(token=4), holder="a", order="1", now=100)
    assert (answer.status, answer.lease.token) == (ACQUIRED, 5)
    assert answer.lease.held_until == 100 + HOLD_SECONDS


def test_asking_twice_keeps_the_token_and_prolongs_the_lease() -> None:
    answer = acquire(held(), holder="a", order="1", now=50)
    assert (answer.status, answer.lease.token) == (ACQUIRED, 1)
    assert answer.lease.held_until == 50 + HOLD_SECONDS


def test_a_newer_upload_waits_for_the_holder() -> None:
    answer = acquire(held(), holder="b", order="2", now=1)
    assert (answer.status, answer.lease.holder, answer.lease.waiter) == (WAITING, "a", "b")


def test_an_older_upload_than_the_one_being_deployed_is_superseded() -> None:
    assert acquire(held(order="2"), holder="b", order="1", now=1).status == SUPERSEDED


def test_of_those_waiting_the_newest_wins() -> None:
    lease = acquire(held(), holder="b", order="2", now=1).lease
    lease = acquire(lease, holder="c", order="3", now=2).lease
    assert acquire(lease, holder="b", order="2", now=3).status == SUPERSEDED
    freed = release(lease, holder="a", order="1", promoted=True)
    assert acquire(freed, holder="b", order="2", now=4).status == SUPERSEDED
    assert acquire(freed, holder="c", order="3", now=4).status == ACQUIRED


def test_a_waiter_that_died_makes_room_for_an_older_upload() -> None:
    lease = acquire(held(), holder="c", order="3", now=1).lease
    freed = release(lease, holder="a", order="1", promoted=False)
    late = 1 + WAIT_SECONDS
    assert acquire(freed, holder="b", order="2", now=late - 1).status == SUPERSEDED
    assert acquire(freed, holder="b", order="2", now=late).status == ACQUIRED


def test_a_holder_that_died_frees_the_lease_in_time() -> None:
    assert acquire(held(), holder="b", order="2", now=HOLD_SECONDS - 1).status == WAITING
    taken = acquire(held(), holder="b", order="2", now=HOLD_SECONDS)
    assert (taken.status, taken.lease.token) == (ACQUIRED, 2)


def test_a_holder_whose_execution_is_over_frees_the_lease_as_soon_as_nothing_of_it_can_still_act() -> None:
    def ask(now: int, over: bool) -> str:
        return acquire(held(), holder="b", order="2", now=now, holder_is_over=over).status

    assert ask(TASK_SECONDS - 1, over=True) == WAITING
    assert ask(TASK_SECONDS, over=True) == ACQUIRED
    assert ask(TASK_SECONDS, over=False) == WAITING


def test_an_upload_older_than_that_of_a_dead_execution_is_not_held_up_by_it() -> None:
    lease = held(order="2")

    def ask(over: bool) -> str:
        return acquire(lease, holder="b", order="1", now=TASK_SECONDS, holder_is_over=over).status

    assert (ask(True), ask(False)) == (ACQUIRED, SUPERSEDED)


def test_an_upload_older_than_the_one_that_serves_is_superseded_even_with_a_free_lease() -> None:
    freed = release(held(order="5"), holder="a", order="5", promoted=True)
    assert acquire(freed, holder="b", order="4", now=1).status == SUPERSEDED
    assert acquire(freed, holder="b", order="5", now=1).status == ACQUIRED


def test_a_deployment_that_failed_supersedes_nobody() -> None:
    freed = release(held(order="5"), holder="a", order="5", promoted=False)
    assert acquire(freed, holder="b", order="4", now=1).status == ACQUIRED


def test_renewing_prolongs_and_never_shortens() -> None:
    assert renew(held(now=100), holder="a", token=1, now=130).held_until == 130 + HOLD_SECONDS
    assert renew(held(now=100), holder="a", token=1, now=0).held_until == 100 + HOLD_SECONDS


def test_a_paused_holder_that_wakes_late_is_told_so() -> None:
    taken = acquire(held(), holder="b", order="2", now=HOLD_SECONDS).lease
    with pytest.raises(LeaseLostError, match="token 1 of a is stale: the lease is at token 2, held by b"):
        renew(taken, holder="a", token=1, now=HOLD_SECONDS + 1)


def test_a_token_is_worthless_once_released_and_taken_again_by_the_same_execution() -> None:
    again = acquire(
        release(held(), holder="a", order="1", promoted=False), holder="a", order="1", now=9
    ).lease
    with pytest.raises(LeaseLostError):
        renew(again, holder="a", token=1, now=10)


def test_releasing_what_another_holds_changes_nothing_but_the_newest_upload() -> None:
    lease = held(holder="a", order="1")
    assert release(lease, holder="b", order="2", promoted=False) == lease
    assert release(lease, holder="b", order="2", promoted=True).holder == "a"
    assert release(lease, holder="b", order="2", promoted=True).promoted_order == "2"


def test_a_waiter_that_gives_up_leaves_no_trace() -> None:
    lease = acquire(held(), holder="b", order="2", now=1).lease
    assert release(lease, holder="b", order="2", promoted=False) == held()


@dataclass
class Execution:
    """What an execution believes: its token if it holds one, and what it saw of the lease's time."""

    order: str
    token: int | None = None
    deployed: list[int] = field(default_factory=list)


class Interleavings(RuleBasedStateMachine):
    """Four executions acquire, renew and deploy, release, crash and wake in any order, while time passes."""

    names = st.sampled_from("abcd")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.lease = Lease()
        self.executions = {name: Execution(order=str(i)) for i, name in enumerate("abcd")}
        self.deployed: list[tuple[int, str]] = []
        self.promoted: list[str] = []
        self.over: set[str] = set()

    @rule(name=names)
    def ask(self, name: str) -> None:
        execution = self.executions[name]
        answer: Answer = acquire(self.lease, holder=name, order=execution.order, now=self.now)
        assert answer.status in (ACQUIRED, WAITING, SUPERSEDED)
        if answer.status == ACQUIRED:
            assert self.lease.holder in ("", name) or self.lease.held_until <= self.now
            execution.token = answer.lease.token
        self.lease = answer.lease

    @rule(name=names)
    def deploy(self, name: str) -> None:
        """Fencing check and update as one moment: the function cannot outlive the lease that it renewed."""
        execution = self.executions[name]
        if execution.token is None:
            return
        try:
            self.lease = renew(self.lease, holder=name, token=execution.token, now=self.now)
        except LeaseLostError:
            execution.token = None
            return
        self.deployed.append((execution.token, name))

    @rule(name=names, promoted=st.booleans())
    def let_go(self, name: str, promoted: bool) -> None:
        execution = self.executions[name]
        done = promoted and execution.token is not None and (execution.token, name) in self.deployed
        self.lease = release(self.lease, holder=name, order=execution.order, promoted=done)
        execution.token = None
        if done:
            self.promoted.append(execution.order)

    @rule(name=names)
    def ask_after_a_death(self, name: str) -> None:
        """The holder's execution has ended: it deploys no more once its last task's time is over."""
        holder = self.executions.get(self.lease.holder)
        if holder is None or self.lease.holder == name or name in self.over:
            return
        self.over.add(self.lease.holder)
        quiet = self.now - (self.lease.held_until - HOLD_SECONDS) >= TASK_SECONDS
        if quiet:
            holder.token = None
        order = self.executions[name].order
        answer = acquire(self.lease, holder=name, order=order, now=self.now, holder_is_over=True)
        if answer.status == ACQUIRED:
            assert quiet
            self.executions[name].token = answer.lease.token
        self.lease = answer.lease

    @precondition(lambda self: self.now < 10_000)
    @rule(seconds=st.sampled_from([1, WAIT_SECONDS, HOLD_SECONDS - 1, HOLD_SECONDS]))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @invariant()
    def tokens_of_deployments_never_go_back(self) -> None:
        tokens = [token for token, _ in self.deployed]
        assert tokens == sorted(tokens)

    @invariant()
    def a_token_belongs_to_one_execution(self) -> None:
        owners = dict(self.deployed)
        assert all(owners[token] == name for token, name in self.deployed)

    @invariant()
    def the_newest_promoted_upload_is_remembered(self) -> None:
        assert self.lease.promoted_order == max(self.promoted, default="")


Interleavings.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestInterleavings = Interleavings.TestCase
