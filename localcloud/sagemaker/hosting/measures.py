"""Endpoint metrics, gathered per moment and handed to CloudWatch a few times a second.

Names, units and dimensions: developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch". Latencies
are microseconds; the extra dimension EndpointConfigName tells the fleets of a deployment apart.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from localcloud.sagemaker.platform import Platform

NAMESPACE = "AWS/SageMaker"
FLUSH_SECONDS = 0.2
Dimensions = tuple[tuple[str, str], ...]


class Measures:
    """Buffers what invocations measured. `record` is cheap; a thread does the rest."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._lock = threading.Lock()
        self._waiting: list[tuple[Dimensions, str, str, float]] = []
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def record(
        self,
        endpoint: str,
        variant: str,
        config: str,
        *,
        status: int,
        model_us: float | None,
        overhead_us: float,
        instances: int,
    ) -> None:
        """One invocation."""
        both = (("EndpointName", endpoint), ("VariantName", variant))
        found = [
            ("Invocations", "Count", 1.0),
            ("InvocationsPerInstance", "Count", 1.0 / max(1, instances)),
            ("Invocation4XXErrors", "Count", float(400 <= status < 500)),
            ("Invocation5XXErrors", "Count", float(status >= 500)),
            ("OverheadLatency", "Microseconds", overhead_us),
        ]
        if model_us is not None:
            found.append(("ModelLatency", "Microseconds", model_us))
        with self._lock:
            for dimensions in (both, (*both, ("EndpointConfigName", config))):
                self._waiting += [(dimensions, name, unit, value) for name, unit, value in found]
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
            waiting, self._waiting = self._waiting, []
        put: Callable[..., None] = self._platform.put_metric
        for dimensions, name, unit, value in waiting:
            put(NAMESPACE, name, value, unit=unit, dimensions=dict(dimensions))

    def _run(self) -> None:
        while not self._stopped.wait(FLUSH_SECONDS):
            self.flush()
