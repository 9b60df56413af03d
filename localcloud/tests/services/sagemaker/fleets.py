"""Fleets without processes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from localcloud.images.store import Image
from localcloud.services.sagemaker.hosting.deployment.traffic import Traffic
from localcloud.services.sagemaker.hosting.fleet.fleet import Variant
from localcloud.services.sagemaker.hosting.fleet.http import Response
from localcloud.services.sagemaker.hosting.fleet.instance import Program

IMAGE = Image("sha256:0", Path(), ("python",), (), {}, "/", "", {}, "base", 0, 0.0)
PROGRAM = Program(IMAGE, "tiny:1", {}, {"AWS_ACCESS_KEY_ID": "ASIA1"}, None, 0.0)


class FakeInstance:
    """Answers with its name, or with what it was told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.healthy = True
        self.in_flight = 0
        self.killed = False
        self.answers: list[Response | Exception] = []
        self.asked: list[tuple[str, list[tuple[str, str]], bytes]] = []

    async def send(self, path, headers, body, timeout) -> Response:
        self.asked.append((path, list(headers), body))
        answer = (
            self.answers.pop(0)
            if self.answers
            else Response(200, {"content-type": "text/csv"}, self.name.encode())
        )
        if isinstance(answer, Exception):
            raise answer
        return answer

    def kill(self) -> None:
        self.killed = True


class FakeFleet:
    """A fleet that starts when it is told to."""

    def __init__(
        self, config_name: str, instances: int = 2, variants: dict[str, float] | None = None
    ) -> None:
        self.config_name = config_name
        self.variants: dict[str, Variant] = {}
        self.shadow: Variant | None = None
        self.failure: str | None = None
        self.start_error: Exception | None = None
        self.resize_error: Exception | None = None
        self.may_start = asyncio.Event()
        self.ready = asyncio.Event()
        for name, weight in (variants or {"AllTraffic": 1.0}).items():
            config = {
                "VariantName": name,
                "ModelName": f"model-{config_name}",
                "InitialInstanceCount": instances,
            }
            made: list[Any] = [FakeInstance(f"{config_name}-{name}-{n}") for n in range(instances)]
            self.variants[name] = Variant(config, PROGRAM, weight, made)

    @property
    def every(self) -> list[Variant]:
        return [*self.variants.values(), *([self.shadow] if self.shadow else [])]

    def shadowed(self, weight: float = 1.0) -> Any:
        """Give the fleet a shadow of one instance; that instance."""
        instance: Any = FakeInstance(f"{self.config_name}-Shadow-0")
        config = {"VariantName": "Shadow", "ModelName": "challenger", "InitialInstanceCount": 1}
        self.shadow = Variant(config, PROGRAM, weight, [instance], is_shadow=True)
        return instance

    @property
    def whole(self) -> bool:
        return all(len(variant.healthy) >= variant.count for variant in self.variants.values())

    async def start(self) -> None:
        await self.may_start.wait()
        if self.start_error is not None:
            raise self.start_error
        self.ready.set()

    async def resize(self, variant_name: str, count: int) -> None:
        if self.resize_error is not None:
            raise self.resize_error
        variant = self.variants[variant_name]
        variant.config = {**variant.config, "InitialInstanceCount": count}
        del variant.instances[count:]
        for number in range(len(variant.instances), count):
            more: Any = FakeInstance(f"{self.config_name}-{variant_name}-{number}")
            variant.instances.append(more)


def traffic_of(*routes: tuple[Any, float]) -> Traffic:
    """Traffic over fleets that are fakes."""
    traffic = Traffic()
    traffic.set(*routes)
    return traffic
