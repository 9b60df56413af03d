"""The embedded cloud's parts on a system that has neither /proc nor namespaces nor an affinity, as macOS."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MAC = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "tests" / "darwin"), str(ROOT)))}
UNITS = (
    *("containers/test_container.py", "processes/test_children.py", "processes/test_pump.py"),
    *("processes/test_usage.py", "commands/test_cli.py", "services/lambda_functions"),
    *(f"services/sagemaker/hosting/fleet/test_{name}.py" for name in ("utilization", "fleet")),
)


def on_a_mac(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=MAC, capture_output=True, text=True, check=False
    )


def test_the_units_that_deal_with_processes_pass():
    paths = [f"localcloud/tests/{name}" for name in UNITS]
    done = on_a_mac("-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)
    assert done.returncode == 0, done.stdout[-4000:]


def test_it_says_which_protections_are_missing():
    program = "from localcloud.processes.protections import missing; print(*missing(), sep='\\n')"
    said = on_a_mac("-c", program).stdout
    assert "the home and any compiler included" in said
    assert "listens on" in said
    assert "EnableNetworkIsolation" in said


def test_this_is_taken_for_a_mac():
    program = (
        "import sys, os, pathlib\n"
        "assert sys.platform == 'darwin' and not hasattr(os, 'sched_getaffinity')\n"
        "assert not pathlib.Path('/proc/self/stat').exists()\n"
        "from localcloud.processes import usage, watchdog\n"
        "assert not usage.has_proc() and usage.resident_bytes(os.getpid()) > 1_000_000\n"
        "assert os.getpid() in watchdog.members({os.getsid(0)})\n"
    )
    done = on_a_mac("-c", program)
    assert done.returncode == 0, done.stderr
