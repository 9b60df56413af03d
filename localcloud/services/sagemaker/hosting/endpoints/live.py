"""One endpoint while it lives: its fleets, its traffic, and what DescribeEndpoint says of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from localcloud.services.sagemaker.errors import ServiceUnavailableError
from localcloud.services.sagemaker.hosting.deployment.shift import Deployment, Stage
from localcloud.services.sagemaker.hosting.deployment.traffic import Target, Traffic
from localcloud.services.sagemaker.hosting.fleet.fleet import Fleet, Variant
from localcloud.services.sagemaker.hosting.invocation.capture import Sink
from localcloud.services.sagemaker.logs import LogStream
from localcloud.services.sagemaker.store import Document

READY_SECONDS = 60.0
"""How long a request waits for an endpoint that comes back after a restart of the cloud."""


class LiveEndpoint:
    """The running half of an endpoint; its record is the other."""

    def __init__(
        self, name: str, region: str, log: Callable[[str], LogStream], now: Callable[[], float]
    ) -> None:
        self.name = name
        self.traffic = Traffic()
        self.current: Fleet | None = None
        self.pending: Fleet | None = None
        self.capture: Document | None = None
        """The DataCaptureConfig of the current endpoint config."""
        self.pending_capture: Document | None = None
        self.deployment: Deployment | None = None
        """The update under way, once there is an old fleet to go back to."""
        self.task: asyncio.Task[None] | None = None
        self._stage: Stage | None = None
        self._stage_began = 0.0
        self._region = region
        self._log = log
        self._now = now

    async def until_ready(self) -> None:
        if self.current is None or not self.current.ready.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READY_SECONDS):
                    while self.current is None or not self.current.ready.is_set():
                        await asyncio.sleep(0.02)
            if self.current is None:
                raise ServiceUnavailableError(f"Endpoint {self.name} has no fleet yet.")

    def sink(self, target: Target) -> Sink | None:
        config = self.pending_capture if target.fleet is self.pending else self.capture
        if config is None or not config.get("EnableCapture", True):
            return None
        credentials = target.variant.program.credentials
        return Sink(self.name, target.variant.name, config, credentials, self._region, self._complain)

    def report(self, stage: Stage) -> None:
        """The deployment has come to another stage."""
        self._stage, self._stage_began = stage, self._now()

    def variants(self) -> list[Document]:
        """ProductionVariants of DescribeEndpoint."""
        if self.current is None:
            return []
        return [self._summary(variant) for variant in self.current.variants.values()]

    def shadows(self) -> list[Document]:
        """ShadowProductionVariants of DescribeEndpoint."""
        shadow = self.current.shadow if self.current is not None else None
        return [self._summary(shadow)] if shadow is not None else []

    def pending_shadows(self) -> list[Document]:
        """ShadowProductionVariants of the PendingDeploymentSummary."""
        if self.pending is None or self.pending.shadow is None:
            return []
        return [self._pending_summary(self.pending, self.pending.shadow)]

    def pending_variants(self) -> list[Document]:
        """ProductionVariants of the PendingDeploymentSummary."""
        if self.pending is None:
            return []
        return [self._pending_summary(self.pending, variant) for variant in self.pending.variants.values()]

    def _summary(self, variant: Variant) -> Document:
        image = variant.program.image_uri
        resolved = f"{image.rpartition(':')[0] if '@' not in image else image.partition('@')[0]}"
        return {
            "VariantName": variant.name,
            "DeployedImages": [
                {
                    "SpecifiedImage": image,
                    "ResolvedImage": f"{resolved}@{variant.program.image.digest}",
                    "ResolutionTime": variant.program.resolved_at,
                }
            ],
            "CurrentWeight": variant.weight,
            "DesiredWeight": variant.weight,
            "CurrentInstanceCount": len(variant.healthy),
            "DesiredInstanceCount": variant.count,
        }

    def _pending_summary(self, fleet: Fleet, variant: Variant) -> Document:
        """As of a variant that serves, but only what the traffic was turned on for counts as current."""
        stage = self._stage or Stage("Creating", 0.0)
        status = {
            "Status": stage.green,
            "StatusMessage": stage.message(variant.count),
            "StartTime": self._stage_began,
        }
        return {
            **self._summary(variant),
            "CurrentInstanceCount": stage.capacity(variant.count) if fleet.ready.is_set() else 0,
            "DesiredInstanceCount": stage.desired(variant.count),
            "InstanceType": variant.config["InstanceType"],
            "VariantStatus": [status],
        }

    def _complain(self, line: str) -> None:
        log = self._log(f"{self.name}/data-log")
        log.write(line)
        log.flush()
