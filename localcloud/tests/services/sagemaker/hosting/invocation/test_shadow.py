"""A shadow gets copies: nobody waits for it or sees its answers; it is measured and captured by its name."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from localcloud.services.sagemaker.errors import RuntimeValidationError
from localcloud.services.sagemaker.hosting.deployment.traffic import Target
from localcloud.services.sagemaker.hosting.fleet.faults import Faults
from localcloud.services.sagemaker.hosting.fleet.http import BrokenError, Response
from localcloud.services.sagemaker.hosting.invocation.capture import Sink
from localcloud.services.sagemaker.hosting.invocation.invoke import Invoker, Place
from localcloud.services.sagemaker.store import Store
from localcloud.tests.services.sagemaker.fleets import FakeFleet, traffic_of

HEADERS = {"content-type": "text/csv", "x-amzn-sagemaker-inference-id": "one"}


class World:
    """An endpoint of one instance with a shadow; what was measured, and captured, of which variant."""

    name = "housing"

    def __init__(self, weight: float = 1.0) -> None:
        fleet: Any = FakeFleet("config", 1)
        self.shadow = fleet.shadowed(weight)
        self.traffic = traffic_of((fleet, 1.0))
        self.measured: list[tuple[str, int]] = []
        self.captured: list[tuple[str, str | None]] = []
        self.faults = Faults(Store(), random.Random(1))
        me: Any = self
        self.invoker: Any = Invoker(Place("111122223333", "us-east-1"), lambda name: me, me, me, self.faults)

    async def until_ready(self) -> None:
        return

    def sink(self, target: Target) -> Sink:
        return Sink("housing", target.variant.name, {}, {}, "us-east-1", lambda line: None)

    def record(self, first: Any, *rest: Any, **named: Any) -> None:
        """Of both the measures and the capture."""
        if isinstance(first, Sink):
            self.captured.append((first.variant, rest[-1]))
        else:
            self.measured.append((rest[0], named["status"]))

    async def ask(self) -> Any:
        return await self.invoker.invoke("housing", HEADERS, b"1,2")

    async def copies(self) -> None:
        await asyncio.gather(*self.invoker._copies)


def test_the_caller_gets_production_s_answer_before_the_shadow_has_any():
    world = World()
    waits = asyncio.Event()

    async def slow(*_: Any) -> Response:
        await waits.wait()
        return Response(200, {}, b"late")

    async def play() -> None:
        world.shadow.send = slow
        _, headers, body = await asyncio.wait_for(world.ask(), 5)
        assert (headers["x-amzn-invoked-production-variant"], body) == ("AllTraffic", b"config-AllTraffic-0")
        assert [variant for variant, _ in world.measured] == ["AllTraffic"]
        waits.set()
        await world.copies()

    asyncio.run(play())
    assert world.measured == [("AllTraffic", 200), ("Shadow", 200)]
    assert world.captured == [("AllTraffic", "one"), ("Shadow", "one")], "pairs are found by InferenceId"


@pytest.mark.parametrize(
    ("problem", "status"), [(BrokenError("x"), 500), (TimeoutError(), 504)], ids=["broken", "too slow"]
)
def test_what_fails_in_the_shadow_fails_for_nobody(problem: Exception, status: int):
    world = World()

    async def fail(*_: Any) -> Response:
        raise problem

    async def play() -> None:
        world.shadow.send = fail
        answered, _, _ = await world.ask()
        assert answered == 200
        await world.copies()

    asyncio.run(play())
    assert ("Shadow", status) in world.measured
    assert [variant for variant, _ in world.captured] == ["AllTraffic"]


def test_a_fault_of_the_challenger_is_the_shadow_s_alone():
    world = World()
    world.faults.put({"model": "challenger", "fault": {"error_share": 1.0}})

    async def play() -> None:
        assert (await world.ask())[0] == 200
        await world.copies()

    asyncio.run(play())
    assert ("Shadow", 500) in world.measured


def test_a_share_of_the_requests_is_copied_by_the_weights():
    world = World(weight=0.25)

    async def play() -> None:
        for _ in range(400):
            await world.ask()
        await world.copies()

    asyncio.run(play())
    assert 60 <= len(world.shadow.asked) <= 140


def test_nobody_calls_a_shadow_by_its_name():
    world = World()

    async def play() -> None:
        await world.invoker.invoke("housing", {**HEADERS, "x-amzn-sagemaker-target-variant": "Shadow"}, b"1")

    with pytest.raises(RuntimeValidationError, match="Shadow"):
        asyncio.run(play())
    assert world.shadow.asked == []
