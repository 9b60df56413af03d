"""`make test-pythons`: the unit tests on whichever of the supported Pythons are on this machine.

Each gets an environment of its own under build/pythons. What is not here is said; nothing being here fails.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SUPPORTED = ("3.11", "3.12", "3.13")
UV = PROJECT / ".venv/bin/uv"


def find(versions: Sequence[str] = SUPPORTED, places: Sequence[Path] | None = None) -> dict[str, Path]:
    """Version → an interpreter of it that starts; the oldest patch level there is, being the hardest."""
    found: dict[str, Path] = {}
    for version in versions:
        started: dict[int, Path] = {}
        for place in _places() if places is None else places:
            python = place / f"python{version}"
            patch = _patch_level(python, version)
            if patch is not None:
                started.setdefault(patch, python)
        if started:
            found[version] = started[min(started)]
    return found


def _places() -> list[Path]:
    import os

    managed = sorted((Path.home() / ".pyenv/versions").glob("*/bin"))
    return [*map(Path, os.environ.get("PATH", "").split(os.pathsep)), *managed]


def _patch_level(python: Path, version: str) -> int | None:
    if not python.exists():
        return None
    said = subprocess.run([python, "-V"], capture_output=True, text=True, check=False).stdout
    match = re.fullmatch(rf"Python {re.escape(version)}\.(\d+)\s*", said)
    return int(match[1]) if match else None


def run_tests(version: str, python: Path) -> int:
    """Install what testing needs for this Python and run the unit tests; their status."""
    venv = PROJECT / "build/pythons" / version
    lock = PROJECT / "requirements-dev.txt"
    made = [str(UV), "venv", "--quiet", "--allow-existing", "--python", str(python), str(venv)]
    installed = [str(UV), "pip", "install", "--quiet", "--python", str(venv / "bin/python")]
    subprocess.run(made, check=True)
    subprocess.run([*installed, "--no-build", "--require-hashes", "-r", str(lock)], check=True)
    tests = [str(venv / "bin/python"), "-m", "pytest", "-p", "no:cacheprovider", "--numprocesses", "2"]
    return subprocess.run(
        [*tests, "--dist", "loadfile", "tests/unit", "localcloud/tests"], cwd=PROJECT, check=False
    ).returncode


def main() -> int:
    found = find()
    failed = []
    for version in SUPPORTED:
        if version not in found:
            print(f"Python {version}: not on this machine", flush=True)
            continue
        print(f"Python {version}: {found[version]}", flush=True)
        if run_tests(version, found[version]):
            failed.append(version)
    if failed or not found:
        print(f"failed on {', '.join(failed)}" if failed else "none of the supported Pythons is here")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
