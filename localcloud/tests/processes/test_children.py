"""Processes end with the cloud, and all that they started with them."""

import os
import subprocess
import sys
import time

import pytest

from localcloud.processes import watchdog
from localcloud.processes.children import Processes

FAMILY = (
    "import subprocess, time; subprocess.Popen(['sleep', '600']); print('up', flush=True); time.sleep(600)"
)
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def processes():
    made = Processes()
    yield made
    made.stop_all(grace_seconds=0)
    made.close()


def family(processes: Processes) -> subprocess.Popen[bytes]:
    process = processes.spawn(
        [sys.executable, "-c", FAMILY], env={"PATH": os.environ["PATH"]}, cwd="/", stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.stdout.close()
    return process


def gone(session: int) -> bool:
    deadline = time.monotonic() + 5
    while watchdog.members({session}):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_stopping_a_process_ends_what_it_started(processes: Processes):
    process = family(processes)
    assert len(watchdog.members({process.pid})) == 2
    processes.stop(process)
    assert watchdog.members({process.pid}) == []


def test_stopping_all_ends_every_family_and_starts_none_after_it(processes: Processes):
    sessions = [family(processes).pid for _ in range(2)]
    processes.stop_all(grace_seconds=0.5)
    assert watchdog.members(set(sessions)) == []
    with pytest.raises(RuntimeError, match="stopping"):
        processes.spawn(["true"], env={}, cwd="/")


def test_a_process_that_ignores_sigterm_is_killed(processes: Processes):
    process = processes.spawn([sys.executable, "-c", STUBBORN], env={}, cwd="/", stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    processes.stop(process, grace_seconds=0.1)
    assert watchdog.members({process.pid}) == []


def test_a_process_has_exactly_the_environment_given(processes: Processes):
    process = processes.spawn(["env"], env={"ONE": "1"}, cwd="/", stdout=subprocess.PIPE)
    said, _ = process.communicate()
    assert said == b"ONE=1\n"


def test_the_watchdog_kills_what_is_left_when_its_input_ends(processes: Processes):
    session = family(processes).pid
    dog = subprocess.Popen(
        [sys.executable, "-I", "-S", watchdog.__file__], stdin=subprocess.PIPE, start_new_session=True
    )
    dog.communicate(f"+{session}\n".encode())
    assert gone(session)


def test_the_watchdog_spares_what_was_struck_off(processes: Processes):
    session = family(processes).pid
    dog = subprocess.Popen(
        [sys.executable, "-I", "-S", watchdog.__file__], stdin=subprocess.PIPE, start_new_session=True
    )
    dog.communicate(f"+{session}\n-{session}\n".encode())
    assert session in watchdog.members({session})
