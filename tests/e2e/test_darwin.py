"""A rehearsal where Python takes this machine for a Mac: no namespaces, no /proc, no affinity."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.e2e
@pytest.mark.long
@pytest.mark.timeout(1_860)
def test_the_rehearsal_goes_through_on_a_mac():
    mac = os.pathsep.join((str(PROJECT / "tests" / "darwin"), str(PROJECT)))
    done = subprocess.run(
        [sys.executable, "-m", "operations.rehearsal"],
        cwd=PROJECT,
        env={**{k: v for k, v in os.environ.items() if k != "DATA"}, "PYTHONPATH": mac},
        capture_output=True,
        text=True,
        timeout=1_800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "All of it happened" in done.stdout
