"""Replaces an endpoint's instances batch by batch, and brings the old ones back when something is wrong.

Order: developer guide, "Use rolling deployments": provision a batch of the new fleet, shift its portion of
the traffic, bake under the alarms, end a batch of the old fleet, and so on. So there are never more instances
than the fleet's and a batch. On the way back each batch of the old fleet is there before its traffic, and
nothing bakes; the guide says nothing of waits there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.host.clock import Clock
from localcloud.services.sagemaker.hosting.deployment.batches import Batches
from localcloud.services.sagemaker.hosting.deployment.policy import Policy
from localcloud.services.sagemaker.hosting.deployment.shift import Deployment, Stage
from localcloud.services.sagemaker.hosting.deployment.traffic import Traffic
from localcloud.services.sagemaker.hosting.fleet.fleet import Fleet


@dataclass(frozen=True)
class BatchStage(Stage):
    """A stage of a rolling deployment: how many of the whole were launched, and how many have traffic."""

    launched: int = 0
    serving: int = 0
    whole: int = 0

    def capacity(self, instances: int) -> int:
        return self.serving

    def desired(self, instances: int) -> int:
        return self.whole

    def message(self, instances: int) -> str:
        """As of a blue/green deployment's; what the service says of batches is not published."""
        if self.green == "Creating":
            return f"Launching {self.launched - self.serving} instance(s)."
        if self.green == "ActivatingTraffic":
            return f"Activating traffic on {self.serving} instance(s)."
        return (
            f"Baking for {self.bake_seconds:g} seconds (WaitIntervalInSeconds) with traffic enabled on "
            f"{self.serving} instance(s)"
        )


class RollingDeployment(Deployment):
    """One rolling update of an endpoint with one variant, which keeps its name."""

    def __init__(
        self,
        blue: Fleet,
        green: Fleet,
        traffic: Traffic,
        policy: Policy,
        batches: Batches,
        clock: Clock,
        alarms_in_alarm: Callable[[tuple[str, ...]], list[str]],
        report: Callable[[Stage], None],
    ) -> None:
        super().__init__(blue, green, traffic, policy, clock, alarms_in_alarm, report)
        self._batches = batches
        (self._name,) = green.variants
        self._blue_count = blue.variants[self._name].count

    async def run(self) -> None:
        """Shift all traffic to green, which replaces blue; raises RollbackError as things are then."""
        self._began = time.monotonic()
        self._check()
        done = 0
        while done < self._batches.whole:
            there, done = done, min(done + self._batches.size, self._batches.whole)
            self._tell("Creating", done, serving=there)
            await self._grow_to(done, is_first=not there)
            self._share(done / self._batches.whole)
            self._tell("ActivatingTraffic", done, serving=done)
            self._tell("Baking", done, serving=done)
            await self._wait(self._policy.bake_seconds)
            await self._until_green_is_whole()
            if done < self._batches.whole:
                await self._blue.resize(self._name, self._left_of_blue(done))

    async def restore(self) -> None:
        """Bring blue back batch by batch, then its traffic; raises FleetError where blue can't start."""
        variant = self._blue.variants[self._name]
        while (missing := self._blue_count - variant.count) > 0:
            self._share(min(self._traffic.share(self._green), missing / self._blue_count))
            await self._shrink_green()
            await self._blue.resize(self._name, variant.count + min(missing, self._batches.rollback_size))
        self._traffic.set((self._blue, 1.0))

    async def _grow_to(self, wanted: int, *, is_first: bool) -> None:
        if not is_first:
            await self._watched(self._green.resize(self._name, wanted))
            return
        variant = self._green.variants[self._name]
        variant.config = {**variant.config, "InitialInstanceCount": wanted}
        await self._watched(self._green.start())

    async def _shrink_green(self) -> None:
        """End what of green has no traffic any more; one instance is left to the end of the way back."""
        keep = max(1, round(self._traffic.share(self._green) * self._batches.whole))
        if self._green.ready.is_set() and keep < self._green.variants[self._name].count:
            await self._green.resize(self._name, keep)

    def _left_of_blue(self, done: int) -> int:
        """Blue's instances once so many of green's have replaced theirs: its part of the capacity."""
        return self._blue_count - self._blue_count * done // self._batches.whole

    def _share(self, share: float) -> None:
        self._traffic.set((self._green, share), (self._blue, 1.0 - share))

    def _tell(self, green: str, launched: int, *, serving: int) -> None:
        whole = self._batches.whole
        share = serving / whole
        self._report(BatchStage(green, share, self._policy.bake_seconds, launched, serving, whole))
