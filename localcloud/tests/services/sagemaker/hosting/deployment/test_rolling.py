import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from localcloud.host.clock import FakeClock
from localcloud.services.sagemaker.hosting.deployment.batches import Batches
from localcloud.services.sagemaker.hosting.deployment.policy import Policy
from localcloud.services.sagemaker.hosting.deployment.rolling import BatchStage, RollingDeployment
from localcloud.services.sagemaker.hosting.deployment.shift import RollbackError, Stage
from localcloud.services.sagemaker.hosting.fleet.fleet import FleetError
from localcloud.tests.services.sagemaker.fleets import FakeFleet, traffic_of

NAME = "AllTraffic"


class Rolled:
    """A rolling deployment on a clock that moves with each look at the alarms."""

    def __init__(
        self, *, size: int = 1, back: int = 4, whole: int = 4, blue: int = 4, timeout: float | None = None
    ) -> None:
        self.clock = FakeClock(0.0)
        self.blue: Any = FakeFleet("blue", blue)
        self.green: Any = FakeFleet("green", 0)
        self.green.may_start.set()
        self.traffic = traffic_of((self.blue, 1.0))
        self.stages: list[BatchStage] = []
        self.seen: list[tuple[int, int, float]] = []
        self.alarm_at = self.heal_at = float("inf")
        self.watch: Callable[[BatchStage], None] = lambda stage: None
        batches = Batches(size, back, whole)
        policy = Policy(bake_seconds=60, timeout_seconds=timeout, alarms=("a",), batches=batches)
        self.deployment = RollingDeployment(
            cast(Any, self.blue),
            cast(Any, self.green),
            self.traffic,
            policy,
            batches,
            self.clock,
            self._alarms,
            self._told,
        )

    def run(self) -> None:
        asyncio.run(self._starting())

    def restore(self) -> None:
        asyncio.run(self.deployment.restore())

    async def _starting(self) -> None:
        original = self.green.start

        async def start() -> None:
            await self.green.resize(NAME, self.green.variants[NAME].count)
            await original()

        self.green.start = start
        await self.deployment.run()

    def count(self, fleet: Any) -> int:
        return len(fleet.variants[NAME].instances)

    def _told(self, stage: Stage) -> None:
        assert isinstance(stage, BatchStage)
        self.stages.append(stage)
        self.watch(stage)

    def _alarms(self, names: tuple[str, ...]) -> list[str]:
        now = self.clock.advance(5.0)
        self.seen.append((self.count(self.blue), self.count(self.green), self.traffic.share(self.green)))
        if now >= self.heal_at:
            for instance in self.green.variants[NAME].instances:
                instance.healthy = True
        return list(names) if now >= self.alarm_at else []


@pytest.mark.parametrize(("size", "whole", "blue"), [(1, 4, 4), (2, 4, 4), (2, 5, 5), (1, 2, 4), (3, 6, 4)])
def test_instances_are_replaced_by_batches_with_the_whole_capacity_at_all_times(size, whole, blue):
    rolled = Rolled(size=size, whole=whole, blue=blue)
    rolled.run()
    assert (rolled.traffic.share(rolled.green), rolled.count(rolled.green)) == (1.0, whole)
    for old, new, share in rolled.seen:
        assert old + new <= max(whole, blue) + size
        assert new >= share * whole - 1e-9, "green has an instance for each share of the traffic"
        assert old >= (1 - share) * blue - 1e-9, "and so has blue"
    shares = sorted({share for _, _, share in rolled.seen})
    assert shares == [min(n * size / whole, 1.0) for n in range(-(-whole // size) + 1)]


def test_each_batch_bakes_under_the_alarms_the_last_one_too():
    rolled = Rolled(size=2)
    rolled.run()
    for share in (0.5, 1.0):
        assert [seen[2] for seen in rolled.seen].count(share) >= 60 / 5
    told = [(stage.green, stage.serving) for stage in rolled.stages]
    expected = [("Creating", 0), ("ActivatingTraffic", 2), ("Baking", 2)]
    assert told == [*expected, ("Creating", 2), ("ActivatingTraffic", 4), ("Baking", 4)]
    assert {stage.desired(2) for stage in rolled.stages} == {4}


@pytest.mark.parametrize("back", [1, 2, 3, 4])
@pytest.mark.parametrize("alarm_at", [0.0, 30.0, 100.0, 160.0, 240.0])
def test_an_alarm_brings_the_old_fleet_back_before_its_traffic(alarm_at, back):
    rolled = Rolled(back=back)
    rolled.alarm_at = alarm_at
    with pytest.raises(RollbackError) as caught:
        rolled.run()
    assert caught.value.alarm == "a"
    green = rolled.count(rolled.green)
    sizes = [(rolled.count(rolled.blue), green)]
    resize = rolled.blue.resize

    async def watched(name: str, count: int) -> None:
        assert count - rolled.count(rolled.blue) <= back
        await resize(name, count)
        sizes.append((rolled.count(rolled.blue), rolled.count(rolled.green)))

    rolled.blue.resize = watched
    rolled.restore()
    assert (rolled.count(rolled.blue), rolled.traffic.share(rolled.blue)) == (4, 1.0)
    assert all(old + new >= 4 for old, new in sizes[1:])
    assert all(old + new <= 4 + max(back, 1) for old, new in sizes)


def test_the_old_instances_stay_until_crashed_new_ones_are_replaced():
    rolled = Rolled(whole=2, blue=2)

    def crash_and_heal(stage: BatchStage) -> None:
        if (stage.green, stage.serving) == ("Baking", 1):
            rolled.green.variants[NAME].instances[0].healthy = False
            rolled.heal_at = rolled.clock.now() + 200

    rolled.watch = crash_and_heal
    rolled.run()
    ended = next(n for n, (old, _, _) in enumerate(rolled.seen) if old == 1)
    assert ended * 5.0 >= 200, "the bake of 60 seconds was not enough"


def test_an_old_fleet_that_cannot_come_back_says_so():
    rolled = Rolled(size=2)
    rolled.alarm_at = 100.0
    with pytest.raises(RollbackError):
        rolled.run()
    rolled.blue.resize_error = FleetError("no ping")
    with pytest.raises(FleetError, match="no ping"):
        rolled.restore()


def test_a_first_batch_that_cannot_start_costs_the_old_fleet_nothing():
    rolled = Rolled()
    rolled.green.start_error = FleetError("no ping")
    with pytest.raises(RollbackError, match="no ping"):
        rolled.run()
    rolled.restore()
    assert (rolled.count(rolled.blue), rolled.traffic.share(rolled.blue)) == (4, 1.0)
    assert {share for _, _, share in rolled.seen} == {0.0}


def test_a_rolling_deployment_that_takes_too_long_goes_back():
    rolled = Rolled(timeout=100)
    with pytest.raises(RollbackError, match="MaximumExecutionTimeoutInSeconds"):
        rolled.run()


def test_a_batch_is_worded_like_a_blue_green_deployments_stage():
    words = [
        BatchStage(kind, 0.5, 60, 2, 1, 4).message(4) for kind in ("Creating", "ActivatingTraffic", "Baking")
    ]
    assert words == [
        "Launching 1 instance(s).",
        "Activating traffic on 1 instance(s).",
        "Baking for 60 seconds (WaitIntervalInSeconds) with traffic enabled on 1 instance(s)",
    ]
