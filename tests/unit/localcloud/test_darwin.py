"""The embedded cloud's parts on a system that has neither /proc nor namespaces nor an affinity, as macOS."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MAC = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "tests" / "darwin"), str(ROOT)))}
UNITS = (
    *("test_container.py", "test_processes.py", "test_pump.py", "test_usage.py", "test_cli.py"),
    *("sagemaker/test_utilization.py", "sagemaker/test_fleet.py", "functions"),
)


def on_a_mac(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=MAC, capture_output=True, text=True, check=False
    )


def test_the_units_that_deal_with_processes_pass():
    paths = [f"tests/unit/localcloud/{name}" for name in UNITS]
    done = on_a_mac("-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)
    assert done.returncode == 0, done.stdout[-4000:]


def test_it_says_which_protections_are_missing():
    program = "from localcloud.protections import missing; print(*missing(), sep='\\n')"
    said = on_a_mac("-c", program).stdout
    assert "the home and any compiler included" in said
    assert "listens on" in said
    assert "EnableNetworkIsolation" in said


def test_this_is_taken_for_a_mac():
    program = (
        "import sys, os, pathlib\n"
        "assert sys.platform == 'darwin' and not hasattr(os, 'sched_getaffinity')\n"
        "assert not pathlib.Path('/proc/self/stat').exists()\n"
        "from localcloud import usage, watchdog\n"
        "assert not usage.has_proc() and usage.resident_bytes(os.getpid()) > 1_000_000\n"
        "assert os.getpid() in watchdog.members({os.getsid(0)})\n"
    )
    done = on_a_mac("-c", program)
    assert done.returncode == 0, done.stderr
