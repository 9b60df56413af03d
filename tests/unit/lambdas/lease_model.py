"""Every interleaving of two executions that want one endpoint, on the product's own lease decisions.

An execution runs AcquireLease until it holds the lease, then DeployModel, CheckDeployment and ReleaseLease.
Each is a function that reads the record, decides, and writes it by compare-and-set; DeployModel then calls
UpdateEndpoint. Between any two of these steps the other execution may run, time may pass (that is a pause),
a function may die and be retried, and an execution may die for good.

Two promises are taken for granted, and `Promises` takes them away to show that the model would notice: a
function that runs longer than its time limit is killed, and each attempt is told the time it begins at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from contracts.errors import LeaseLostError
from lambdas.deployments import lease
from lambdas.deployments.lease import Lease

TICK_SECONDS = 300
FUNCTION_LIMIT_SECONDS = 300
"""More than any task under the lease is given, from its scheduling to its function's end."""

ACQUIRE, DEPLOY, CHECK, RELEASE = "acquire", "deploy", "check", "release"
WAIT, DEAD, OVER = "wait", "dead", "over"
UPDATE = "UpdateEndpoint"


@dataclass(frozen=True)
class Execution:
    """One execution: which function it is in, how far, and what it remembers."""

    name: str
    order: str
    function: str = ACQUIRE
    entered: int = 0
    """When the state was entered."""
    started: int | None = None
    """When the running attempt began; None between attempts."""
    seen: Lease | None = None
    token: int = 0
    may_update: bool = False
    promoted: bool = False
    retries: int = 1


@dataclass(frozen=True)
class Deployed:
    """One call of UpdateEndpoint: who made it, and the token that was newest at the endpoint before it."""

    holder: str
    order: str
    token: int
    previous_token: int


@dataclass(frozen=True)
class Promises:
    """What the state machine and Lambda do for the lease."""

    kills_late_functions: bool = True
    tells_time_of_attempt: bool = True


@dataclass(frozen=True)
class World:
    """The stored record, the clock, and the executions."""

    record: Lease
    now: int
    executions: tuple[Execution, ...]
    deployed: Deployed | None = None
    """The UpdateEndpoint that led here; None after any other step."""
    deployed_token: int = 0
    """The token of the latest UpdateEndpoint."""
    promises: Promises = Promises()


@dataclass(frozen=True)
class Step:
    """What happened, in words, and the world after it."""

    label: str
    world: World


def steps(world: World, horizon: int) -> Iterator[Step]:
    """All that may happen next."""
    for index, execution in enumerate(world.executions):
        for label, record, changed in _moves(world, execution):
            executions = (*world.executions[:index], changed, *world.executions[index + 1 :])
            after = replace(world, record=record, executions=executions, deployed=None)
            if label == UPDATE:
                deployed = Deployed(execution.name, execution.order, execution.token, world.deployed_token)
                after = replace(after, deployed=deployed, deployed_token=execution.token)
            yield Step(f"{world.now:>5}s {execution.name}: {label}", after)
    if world.now < horizon:
        later = world.now + TICK_SECONDS
        late = _aged(world, later) if world.promises.kills_late_functions else world.executions
        aged = replace(world, now=later, executions=late, deployed=None)
        yield Step(f"{world.now:>5}s time passes", aged)


_Move = tuple[str, Lease, Execution]


def _moves(world: World, execution: Execution) -> Iterator[_Move]:
    if execution.function in (DEAD, OVER):
        return
    yield "dies for good", world.record, _end(execution, DEAD)
    if execution.function == WAIT:
        yield "asks again", world.record, _enter(execution, ACQUIRE, world.now)
        return
    if execution.started is not None and execution.retries:
        yield f"{execution.function} dies", world.record, _retry(execution)
    if execution.may_update:
        yield UPDATE, world.record, _enter(execution, CHECK, world.now)
    elif execution.seen is None:
        started = execution.started if execution.started is not None else world.now
        reading = replace(execution, seen=world.record, started=started)
        yield f"{execution.function} reads", world.record, reading
    else:
        yield _write(world, execution, execution.seen)


def _write(world: World, execution: Execution, seen: Lease) -> _Move:
    """Decide on what was read, and store it if nobody came between; else read again."""
    try:
        wanted, after = _decide(world, execution, seen)
    except LeaseLostError:
        return f"{execution.function} loses", world.record, _enter(execution, RELEASE, world.now)
    if wanted != seen:
        if world.record.revision != seen.revision:
            return f"{execution.function} is too late", world.record, replace(execution, seen=None)
        return f"{execution.function} writes", replace(wanted, revision=seen.revision + 1), after
    return f"{execution.function} has nothing to write", world.record, after


def _decide(world: World, execution: Execution, seen: Lease) -> tuple[Lease, Execution]:
    now = world.now
    told = execution.started if world.promises.tells_time_of_attempt else execution.entered
    assert told is not None
    if execution.function == ACQUIRE:
        answer = lease.acquire(seen, holder=execution.name, order=execution.order, now=told)
        function = {lease.ACQUIRED: DEPLOY, lease.WAITING: WAIT, lease.SUPERSEDED: RELEASE}[answer.status]
        return answer.lease, replace(_enter(execution, function, now), token=answer.lease.token)
    if execution.function == RELEASE:
        freed = lease.release(seen, holder=execution.name, order=execution.order, promoted=execution.promoted)
        return freed, _end(execution, OVER)
    serves = execution.function == CHECK
    renewed = lease.renew(seen, holder=execution.name, token=execution.token, now=told, serves=serves)
    if execution.function == DEPLOY:
        return renewed, replace(execution, may_update=True, seen=None)
    return renewed, replace(_enter(execution, RELEASE, now), promoted=True)


def _enter(execution: Execution, function: str, now: int) -> Execution:
    return replace(
        execution, function=function, entered=now, started=None, seen=None, may_update=False, retries=1
    )


def _end(execution: Execution, how: str) -> Execution:
    return Execution(execution.name, execution.order, function=how)


def _retry(execution: Execution) -> Execution:
    """The state machine tries the same state again."""
    retries = execution.retries - 1
    return replace(execution, started=None, seen=None, may_update=False, retries=retries)


def _aged(world: World, now: int) -> tuple[Execution, ...]:
    """A function past its time limit is killed, and asked again while it has a retry."""
    return tuple(
        (_retry(execution) if execution.retries else _end(execution, DEAD))
        if execution.started is not None and now - execution.started >= FUNCTION_LIMIT_SECONDS
        else execution
        for execution in world.executions
    )


def explore(first: World, horizon: int) -> Iterator[tuple[World, Story]]:
    """Every reachable world once, each with a shortest story that leads to it."""
    came_from: dict[World, tuple[World, str] | None] = {first: None}
    waiting = deque([first])
    while waiting:
        world = waiting.popleft()
        yield world, Story(came_from, world)
        for step in steps(world, horizon):
            if step.world not in came_from:
                came_from[step.world] = (world, step.label)
                waiting.append(step.world)


class Story:
    """Told only when something is wrong, for it is long."""

    def __init__(self, came_from: dict[World, tuple[World, str] | None], world: World) -> None:
        self._came_from = came_from
        self._world = world

    def __str__(self) -> str:
        lines: list[str] = []
        at = self._came_from[self._world]
        while at is not None:
            world, label = at
            lines.append(label)
            at = self._came_from[world]
        return "\n".join(reversed(lines))
