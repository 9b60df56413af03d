import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from localcloud.host.clock import FakeClock
from localcloud.processes.usage import cpu_seconds
from localcloud.services.sagemaker.hosting.fleet.utilization import GIBIBYTE, Utilization, memory_bytes
from localcloud.tests.services.sagemaker.fleets import FakeFleet


@pytest.mark.parametrize(
    ("instance_type", "gibibytes"),
    [
        ("ml.t2.medium", 4),
        ("ml.m5.large", 8),
        ("ml.m5.xlarge", 16),
        ("ml.c5.2xlarge", 16),
        ("ml.r6gd.4xlarge", 128),
        ("ml.unknown", 8),
    ],
)
def test_memory_follows_the_family_and_the_size(instance_type, gibibytes):
    assert memory_bytes(instance_type) == gibibytes * GIBIBYTE


def test_what_healthy_instances_use_is_published_for_their_variant():
    published: dict[str, Any] = {}

    def publish(namespace, name, dimensions, values, unit="None"):
        assert (namespace, unit) == ("/aws/sagemaker/Endpoints", "Percent")
        assert dimensions == {"EndpointName": "housing", "VariantName": "AllTraffic"}
        published[name] = values

    fleet = FakeFleet("config", instances=2)
    variant = fleet.variants["AllTraffic"]
    variant.config["InstanceType"] = "ml.m5.large"
    for instance in cast(Any, variant.instances):
        instance.pid = os.getpid()
    variant.instances[1].healthy = False
    endpoint = cast(Any, SimpleNamespace(name="housing", current=fleet, pending=None))
    sampler = Utilization([endpoint], publish, FakeClock(), Path("/"))
    sampler.sample()
    assert "CPUUtilization" not in published
    assert 0 < published["MemoryUtilization"][0][0] < 100
    assert len(published["DiskUtilization"]) == 1
    sampler.sample()
    assert published["CPUUtilization"][0][0] >= 0


def test_a_process_that_is_gone_has_used_nothing():
    assert cpu_seconds(2**30) == 0.0
    assert cpu_seconds(os.getpid()) > 0.0


def test_what_a_child_under_way_uses_counts_too():
    before = cpu_seconds(os.getpid())
    work = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert cpu_seconds(os.getpid()) >= before + 0.2
        child.communicate("\n")
