import os
import subprocess
import sys

import pytest

from localcloud.processes import usage, watchdog

HOLDS = "kept = bytearray(60_000_000); print('up', flush=True); input()"


@pytest.fixture(params=["this system", "without /proc"])
def system(request, monkeypatch):
    if request.param == "without /proc":
        monkeypatch.setattr(usage, "has_proc", lambda: False)


@pytest.fixture
def child():
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_memory_counts_the_children_too(system, child):
    assert usage.resident_bytes(child) > 60_000_000
    assert usage.resident_bytes(os.getpid()) > usage.resident_bytes(child)


def test_the_peak_and_the_time_of_a_process(system, child):
    assert usage.peak_bytes(child) > 60_000_000
    assert 0 < usage.cpu_seconds(child) < 60


def test_a_process_that_is_gone_uses_nothing(system):
    gone = 2**22 - 1
    assert (usage.resident_bytes(gone), usage.cpu_seconds(gone), usage.peak_bytes(gone)) == (0, 0.0, 0)


def test_a_session_is_found_with_and_without_proc(child):
    assert watchdog.members({child}) == [child]
    assert child in watchdog._listed()
