"""The instances that serve one endpoint config: started together, replaced one by one, drained together."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.host.clock import Clock
from localcloud.services.sagemaker.hosting.fleet.instance import (
    Instance,
    Program,
    Starter,
    until_healthy,
    watch,
)
from localcloud.services.sagemaker.hosting.fleet.start_limit import HEALTH_CHECK_SECONDS, StartLimit
from localcloud.services.sagemaker.logs import LogStream
from localcloud.services.sagemaker.store import Document

RESTART_PAUSE_SECONDS = 0.2
STOP_GRACE_SECONDS = 30.0
"""Developer guide: SIGTERM, and SIGKILL after 30 seconds."""
DRAIN_SECONDS = 60.0
"""The longest that a request may take."""


class FleetError(RuntimeError):
    """The fleet cannot serve; the text is the endpoint's FailureReason."""


@dataclass
class Variant:
    """One variant, of production or in its shadow, and its instances."""

    config: Document
    program: Program
    weight: float
    instances: list[Instance] = field(default_factory=list)
    is_shadow: bool = False

    @property
    def name(self) -> str:
        return str(self.config["VariantName"])

    @property
    def count(self) -> int:
        return int(self.config["InitialInstanceCount"])

    @property
    def healthy(self) -> list[Instance]:
        return [instance for instance in self.instances if instance.healthy]

    def drop(self, instance: Instance) -> None:
        """Forget an instance; one that is forgotten already is no error."""
        if instance in self.instances:
            self.instances.remove(instance)

    def pick(self) -> Instance | None:
        """The healthy instance with the fewest requests under way; ties go round."""
        healthy = self.healthy
        if not healthy:
            return None
        chosen = min(healthy, key=lambda instance: instance.in_flight)
        self.instances.remove(chosen)
        self.instances.append(chosen)
        return chosen


class Fleet:
    """All variants of one endpoint config, serving or about to."""

    def __init__(
        self,
        config_name: str,
        variants: list[Variant],
        directory: Path,
        clock: Clock,
        start: Starter,
        log: Callable[[str, str], LogStream],
        may_pass: Callable[[Variant], bool] = lambda variant: True,
    ) -> None:
        self.config_name = config_name
        self.variants = {variant.name: variant for variant in variants if not variant.is_shadow}
        """Those of production."""
        self.shadow = next((variant for variant in variants if variant.is_shadow), None)
        """Gets copies of what the production variant is asked, and nobody its answers."""
        self.ready = asyncio.Event()
        self._directory = directory
        self._clock = clock
        self._start = start
        self._log = log
        self._may_pass = may_pass
        self.failure: str | None = None
        """Why an instance could not be replaced, once that has happened."""
        self._keepers: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def every(self) -> list[Variant]:
        """The variants of production, and the shadow if there is one."""
        return [*self.variants.values(), *([self.shadow] if self.shadow else [])]

    @property
    def whole(self) -> bool:
        """Whether every instance that there should be is healthy."""
        return all(len(variant.healthy) >= variant.count for variant in self.every)

    async def start(self) -> None:
        """Start every instance and wait until all answer /ping; raises FleetError."""
        try:
            async with asyncio.TaskGroup() as group:
                for variant in self.every:
                    for _ in range(variant.count):
                        group.create_task(self._serve_one(variant))
        except BaseException as problem:
            await self.stop(drain=False)
            if isinstance(problem, BaseExceptionGroup):
                raise problem.exceptions[0] from None
            raise
        self.ready.set()

    async def resize(self, variant_name: str, count: int) -> None:
        """Bring a variant to another number of instances."""
        variant = next(found for found in self.every if found.name == variant_name)
        variant.config = {**variant.config, "InitialInstanceCount": count}
        missing = count - len(variant.instances)
        if missing > 0:
            await asyncio.gather(*(self._serve_one(variant) for _ in range(missing)))
        for instance in list(variant.instances)[count:]:
            variant.drop(instance)
            instance.healthy = False
            await instance.drained(DRAIN_SECONDS)
            await instance.stop(STOP_GRACE_SECONDS)

    async def stop(self, *, drain: bool = True) -> None:
        """Take no more traffic, finish what is under way, end the containers."""
        self._stopping = True
        keepers = list(self._keepers)
        for keeper in keepers:
            keeper.cancel()
        instances = list(self._instances())
        if drain:
            await asyncio.gather(*(instance.drained(DRAIN_SECONDS) for instance in instances))
        await asyncio.gather(*(instance.stop(STOP_GRACE_SECONDS) for instance in instances))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*keepers, return_exceptions=True)
        for variant in self.every:
            variant.instances.clear()
        await asyncio.to_thread(shutil.rmtree, self._directory, True)

    def kill(self) -> None:
        """End the containers at once: the cloud goes down."""
        self._stopping = True
        for instance in self._instances():
            instance.kill()

    def _instances(self) -> Iterator[Instance]:
        for variant in self.every:
            yield from list(variant.instances)

    async def _serve_one(self, variant: Variant) -> None:
        """Have one more healthy instance of a variant, and keep one in its place from then on."""
        seconds = variant.config.get("ContainerStartupHealthCheckTimeoutInSeconds", HEALTH_CHECK_SECONDS)
        limit = StartLimit(self._clock, float(seconds))
        while not self._stopping:
            instance = self._new_instance(variant)
            variant.instances.append(instance)
            await instance.launch()
            if await until_healthy(instance, limit):
                self._keep(variant, instance)
                return
            limit.show_life()
            await self._discard(variant, instance)
            if limit.over():
                raise FleetError(_no_ping(variant.name, instance.last_lines))
            await asyncio.sleep(RESTART_PAUSE_SECONDS)

    def _keep(self, variant: Variant, instance: Instance) -> None:
        keeper = asyncio.get_running_loop().create_task(self._replace_when_over(variant, instance))
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)

    async def _replace_when_over(self, variant: Variant, instance: Instance) -> None:
        await watch(instance)
        if self._stopping or instance not in variant.instances:
            return
        await self._discard(variant, instance)
        while not self._stopping and len(variant.instances) < variant.count:
            try:
                await self._serve_one(variant)
            except FleetError as problem:
                self.failure = str(problem)
                continue
            return

    async def _discard(self, variant: Variant, instance: Instance) -> None:
        # Forgotten only once it has ended: when this task is cancelled meanwhile, `stop` still knows it.
        await instance.stop(0.0)
        variant.drop(instance)

    def _new_instance(self, variant: Variant) -> Instance:
        name = f"{self.config_name[:24]}-{variant.name[:12]}"
        return Instance(
            name,
            variant.program,
            self._directory,
            self._start,
            lambda instance_id: self._log(variant.name, instance_id),
            lambda: self._may_pass(variant),
        )


def _no_ping(variant: str, last_lines: list[str]) -> str:
    """SageMaker's own words, and what the container said last, where SageMaker sends to the logs."""
    said = " | ".join(line.strip()[:300] for line in last_lines)
    return (
        f"The primary container for production variant {variant} did not pass the ping health check. Please "
        "check CloudWatch logs for this endpoint. "
        + (f"The container's last lines: {said}" if said else "The container wrote nothing.")
    )
