"""Moves an endpoint from its blue fleet to a green one, or back when something is wrong.

Order: developer guide, "Blue/Green Deployments": provision green, shift a share, bake under the alarms,
shift the rest, wait out the termination period under the alarms, then end blue.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from math import ceil
from typing import Any

from localcloud.host.clock import Clock
from localcloud.services.sagemaker.hosting.deployment.policy import Policy
from localcloud.services.sagemaker.hosting.deployment.traffic import Traffic
from localcloud.services.sagemaker.hosting.fleet.fleet import Fleet, FleetError

POLL_WALL_SECONDS = 0.05
"""How often alarms and the green fleet are looked at."""


class RollbackError(Exception):
    """The deployment must go back to blue; the text says why. `alarm` names the alarm, if it was one."""

    def __init__(self, reason: str, alarm: str | None = None) -> None:
        super().__init__(reason)
        self.alarm = alarm


@dataclass(frozen=True)
class Stage:
    """What a deployment tells its endpoint as it goes."""

    green: str
    """Status of the green variants: Creating, ActivatingTraffic, Baking."""
    share: float
    bake_seconds: float = 0.0

    def capacity(self, instances: int) -> int:
        """How many of a variant's instances the share of the traffic stands for."""
        return ceil(self.share * instances - 1e-9)

    def desired(self, instances: int) -> int:
        """How many instances a variant is to have in the end, where it has so many by now."""
        return instances

    def message(self, instances: int) -> str:
        """A variant's StatusMessage ("Events that Amazon SageMaker AI sends to Amazon EventBridge")."""
        if self.green == "Creating":
            return f"Launching {instances} instance(s)."
        whole = self.share >= 1.0
        capacity = f"{'full' if whole else 'canary'} capacity of {self.capacity(instances)} instance(s)."
        if self.green == "ActivatingTraffic":
            return f"Activating traffic on {capacity}"
        wait = "TerminationWaitInSeconds" if whole else "WaitIntervalInSeconds"
        return f"Baking for {self.bake_seconds:g} seconds ({wait}) with traffic enabled on {capacity}"


class Deployment:
    """One update of one endpoint."""

    def __init__(
        self,
        blue: Fleet,
        green: Fleet,
        traffic: Traffic,
        policy: Policy,
        clock: Clock,
        alarms_in_alarm: Callable[[tuple[str, ...]], list[str]],
        report: Callable[[Stage], None],
    ) -> None:
        self._blue = blue
        self._green = green
        self._traffic = traffic
        self._policy = policy
        self._clock = clock
        self._alarms_in_alarm = alarms_in_alarm
        self._report = report
        self._began = time.monotonic()
        self._waited_cloud_seconds = 0.0
        self._waited_wall_seconds = 0.0

    async def run(self) -> None:
        """Shift all traffic to green and drain blue; raises RollbackError with all traffic on blue again."""
        self._began = time.monotonic()
        try:
            self._check()
            await self._provision()
            for share in self._policy.shares:
                self._shift(share)
                if share < 1.0:
                    await self._bake(share, self._policy.bake_seconds)
                    await self._until_green_is_whole()
            await self._bake(1.0, self._policy.termination_wait_seconds)
        except RollbackError:
            self._traffic.set((self._blue, 1.0))
            raise

    async def restore(self) -> None:
        """All traffic on blue, which is still whole."""
        self._traffic.set((self._blue, 1.0))

    async def _provision(self) -> None:
        self._report(Stage("Creating", 0.0))
        await self._watched(self._green.start())

    async def _watched(self, work: Coroutine[Any, Any, None]) -> None:
        """Start instances of green with an eye on the alarms."""
        starting = asyncio.ensure_future(work)
        try:
            while not starting.done():
                await asyncio.wait({starting}, timeout=POLL_WALL_SECONDS)
                self._check()
            await starting
        except FleetError as problem:
            raise RollbackError(str(problem)) from None
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)

    def _shift(self, share: float) -> None:
        self._report(Stage("ActivatingTraffic", share))
        if share >= 1.0:
            self._traffic.set((self._green, 1.0), (self._blue, 0.0))
        else:
            self._traffic.set((self._green, share), (self._blue, 1.0 - share))

    async def _bake(self, share: float, cloud_seconds: float) -> None:
        self._report(Stage("Baking", share, cloud_seconds))
        await self._wait(cloud_seconds)

    async def _wait(self, cloud_seconds: float) -> None:
        """Bake under the alarms."""
        began, until = time.monotonic(), self._clock.now() + cloud_seconds
        while (left := until - self._clock.now()) > 0:
            self._check()
            await asyncio.sleep(min(POLL_WALL_SECONDS, self._clock.wall_seconds(left)))
        self._waited_cloud_seconds += cloud_seconds
        self._waited_wall_seconds += time.monotonic() - began
        self._check()

    async def _until_green_is_whole(self) -> None:
        """Blue keeps its share until every green instance is healthy: crashed ones are being replaced."""
        while not self._green.whole:
            self._check()
            await asyncio.sleep(POLL_WALL_SECONDS)

    def _check(self) -> None:
        for name in self._alarms_in_alarm(self._policy.alarms):
            raise RollbackError(f"Alarm {name} is in ALARM state.", alarm=name)
        if self._green.failure is not None:
            raise RollbackError(self._green.failure)
        if self._policy.timeout_seconds is not None and self._elapsed() > self._policy.timeout_seconds:
            raise RollbackError("The deployment exceeded MaximumExecutionTimeoutInSeconds.")

    def _elapsed(self) -> float:
        """Bakes by the cloud's clock, and the real work of starting instances by the wall's."""
        return self._waited_cloud_seconds + time.monotonic() - self._began - self._waited_wall_seconds
