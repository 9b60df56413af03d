"""What an endpoint's instances use of their machines, once a minute of cloud time.

Names and meaning: developer guide, "SageMaker AI jobs and endpoints" metrics (namespace
/aws/sagemaker/Endpoints). CPU is the sum over the cores, so two busy cores are 200 %; memory is of what the
instance type has. Instances are processes of this machine, so disk is this machine's.
"""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from localcloud.host.clock import Clock
from localcloud.processes.usage import cpu_seconds, resident_bytes
from localcloud.services.sagemaker.hosting.endpoints.live import LiveEndpoint
from localcloud.services.sagemaker.hosting.fleet.fleet import Variant
from localcloud.services.sagemaker.hosting.fleet.measures import Publish

NAMESPACE = "/aws/sagemaker/Endpoints"
PERIOD_SECONDS = 60.0
LEAST_WALL_SECONDS = 1.0
GIBIBYTE = 2**30
_TYPE = re.compile(r"ml\.([a-z]+)\d\w*\.(?:(\d*)x)?(medium|large)")
_GIBIBYTES_OF_LARGE = {"c": 4, "t": 8, "m": 8, "r": 16}


class Utilization:
    """Samples every instance from a thread of its own."""

    def __init__(self, endpoints: Iterable[LiveEndpoint], publish: Publish, clock: Clock, disk: Path) -> None:
        """`endpoints` is looked through anew each time."""
        self._endpoints = endpoints
        self._publish = publish
        self._clock = clock
        self._disk = disk
        self._cpu: dict[int, tuple[float, float]] = {}
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to sample."""
        threading.Thread(target=self._run, name="utilization", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def sample(self) -> None:
        """Publish what each variant uses now; CPU needs an earlier sample to compare with."""
        disk = shutil.disk_usage(self._disk)
        seen: dict[int, tuple[float, float]] = {}
        for endpoint in list(self._endpoints):
            for variant in _variants(endpoint):
                pids = [instance.pid for instance in variant.healthy if instance.pid is not None]
                used = memory_bytes(variant.config["InstanceType"])
                cpu = [share for pid in pids if (share := self._cpu_share(pid, seen)) is not None]
                memory = [100 * resident_bytes(pid) / used for pid in pids]
                disks = [100 * disk.used / disk.total for _ in pids]
                dimensions = {"EndpointName": endpoint.name, "VariantName": variant.name}
                for name, values in (
                    ("CPUUtilization", cpu),
                    ("MemoryUtilization", memory),
                    ("DiskUtilization", disks),
                ):
                    if values:
                        pairs = [(round(value, 3), 1.0) for value in values]
                        self._publish(NAMESPACE, name, dimensions, pairs, "Percent")
        self._cpu = seen

    def _cpu_share(self, pid: int, seen: dict[int, tuple[float, float]]) -> float | None:
        now, spent = time.monotonic(), cpu_seconds(pid)
        seen[pid] = (now, spent)
        before = self._cpu.get(pid)
        if before is None or now <= before[0]:
            return None
        return max(0.0, 100 * (spent - before[1]) / (now - before[0]))

    def _run(self) -> None:
        while not self._stopped.wait(max(LEAST_WALL_SECONDS, self._clock.wall_seconds(PERIOD_SECONDS))):
            self.sample()


def memory_bytes(instance_type: str) -> float:
    """Memory of an instance type: a large has 4 (c), 8 (m) or 16 (r) GiB, and Nxlarge 2N times that."""
    match = _TYPE.match(instance_type)
    if match is None:
        return 8.0 * GIBIBYTE
    family, times, size = match[1], match[2], match[3]
    large = _GIBIBYTES_OF_LARGE.get(family[0], 8)
    if size == "medium":
        return large / 2 * GIBIBYTE
    doubled = 1 if times is None else 2 * int(times or 1)
    return float(large * doubled * GIBIBYTE)


def _variants(endpoint: LiveEndpoint) -> Iterator[Variant]:
    for fleet in (endpoint.current, endpoint.pending):
        if fleet is not None:
            yield from fleet.every
