"""The kernel under the address and undefined-behaviour sanitizers, with artefacts and bodies of all kinds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from inference.kernel import build

ROOT = Path(__file__).resolve().parents[4]
# SANITIZER_ROUNDS=400 makes a long run of it: each has 50 mutated artefacts and 400 bodies.
ROUNDS = os.environ.get("SANITIZER_ROUNDS", "2")
FLAGS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")


def sanitizer_library() -> str:
    """The address sanitizer's own library, which has to be loaded first."""
    compiler = build.compiler()
    if compiler is None:
        pytest.skip("no compiler on this machine")
    asked = [compiler, "-print-file-name=libasan.so"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    if not Path(found).is_absolute():
        pytest.skip("this compiler has no address sanitizer")
    return found


def run(library: Path, preload: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "LD_PRELOAD": preload,
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "tests.unit.inference.kernel.mutants", str(library), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_nothing_that_passes_the_validation_leads_the_kernel_astray(tmp_path: Path) -> None:
    preload = sanitizer_library()
    library = build.build(tmp_path, FLAGS)

    done = run(library, preload, "1", ROUNDS)

    assert done.returncode == 0, done.stderr[-4000:]
    counts = re.fullmatch(r"followed (\d+) mutants, refused (\d+)\n", done.stdout)
    assert counts is not None
    assert all(int(count) > 0 for count in counts.groups())
