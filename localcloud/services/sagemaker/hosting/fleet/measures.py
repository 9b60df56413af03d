"""Endpoint metrics, gathered and handed to CloudWatch a few times a second.

Names, units and dimensions: developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch". Latencies
are microseconds; the extra dimension EndpointConfigName tells the fleets of a deployment apart.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

NAMESPACE = "AWS/SageMaker"
FLUSH_SECONDS = 0.2
Dimensions = tuple[tuple[str, str], ...]


class Publish(Protocol):
    """Publishes many values of one metric, each as (value, how often)."""

    def __call__(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str] | None,
        values: Sequence[tuple[float, float]],
        unit: str = ...,
    ) -> None: ...


class Measures:
    """Buffers what invocations measured. `record` is cheap; a thread does the rest."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._lock = threading.Lock()
        self._waiting: dict[tuple[Dimensions, str, str], Counter[float]] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def record(
        self,
        endpoint: str,
        variant: str,
        config: str,
        *,
        status: int,
        model_us: float,
        overhead_us: float,
        instances: int,
    ) -> None:
        """One invocation."""
        both = (("EndpointName", endpoint), ("VariantName", variant))
        found = (
            ("Invocations", "Count", 1.0),
            ("InvocationsPerInstance", "Count", 1.0 / max(1, instances)),
            ("Invocation4XXErrors", "Count", float(400 <= status < 500)),
            ("Invocation5XXErrors", "Count", float(status >= 500)),
            ("ModelLatency", "Microseconds", round(model_us)),
            ("OverheadLatency", "Microseconds", round(overhead_us)),
        )
        with self._lock:
            for dimensions in (both, (*both, ("EndpointConfigName", config))):
                for name, unit, value in found:
                    self._waiting.setdefault((dimensions, name, unit), Counter())[value] += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="endpoint-metrics", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Hand over what is left and end the thread."""
        self._stopped.set()
        self.flush()

    def flush(self) -> None:
        """Hand over what was gathered."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for (dimensions, name, unit), values in waiting.items():
            self._publish(NAMESPACE, name, dict(dimensions), list(values.items()), unit)

    def _run(self) -> None:
        while not self._stopped.wait(FLUSH_SECONDS):
            self.flush()
