"""Tells of a rolling deployment batch by batch, as DescribeEndpoint shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

POLL_SECONDS = 0.2


@dataclass
class Batches:
    """Until stopped, `tell` hears of every batch whose new instances bake, and of the way back. `baked` are
    the instances of each, new and old."""

    sagemaker: Any
    endpoint_name: str
    tell: Callable[[str], None]
    baked: list[tuple[int, int]] = field(default_factory=list)
    goes_back: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Batches:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self.look(self.sagemaker.describe_endpoint(EndpointName=self.endpoint_name))

    def look(self, endpoint: dict[str, Any]) -> None:
        """Take in one answer of DescribeEndpoint."""
        if endpoint["EndpointStatus"] == "RollingBack" and not self.goes_back:
            self.goes_back = True
            self.tell("  [red]the alarms fired[/red]: the old instances come back")
        pending = endpoint.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
        if self.goes_back or not pending or not _bakes(pending[0]):
            return
        new, old = (
            pending[0]["CurrentInstanceCount"],
            endpoint["ProductionVariants"][0]["CurrentInstanceCount"],
        )
        if new > max((there for there, _ in self.baked), default=0):
            self.baked.append((new, old))
            self.tell(
                f"  batch {len(self.baked)}: {new} new {_instances(new)} beside {old} old, the alarms watch"
            )


def _bakes(variant: dict[str, Any]) -> bool:
    return any(status["Status"] == "Baking" for status in variant.get("VariantStatus", []))


def _instances(count: int) -> str:
    return "instance" if count == 1 else "instances"
