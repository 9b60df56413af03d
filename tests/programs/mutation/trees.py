"""Copies of the project that may be broken: one for each mistake that is tried at a time."""

from __future__ import annotations

import compileall
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from py_compile import PycInvalidationMode

from tests.programs.mutation.contexts import VARIABLE

_LINKED = (".venv", "node_modules")


def tracked(project: Path) -> list[str]:
    """The files that git knows or would add, as they are now."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=project, capture_output=True, check=True).stdout.decode().split("\0")
    return [name for name in names if name and name not in _LINKED and (project / name).is_file()]


def copy(project: Path, tree: Path) -> None:
    """The project as it is now, compiled, so that each run of tests starts soon."""
    shutil.rmtree(tree, ignore_errors=True)
    for name in tracked(project):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / name, tree / name)
    for name in _LINKED:
        if (project / name).exists():
            (tree / name).symlink_to((project / name).resolve())
    for folder in sorted(path for path in tree.iterdir() if path.is_dir() and not path.is_symlink()):
        if folder.name != "tests":  # pytest rewrites those itself
            compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)


def renew_programs(project: Path, tree: Path) -> None:
    """Bring what tries mistakes into a tree that was copied earlier."""
    shutil.copytree(project / "tests/programs", tree / "tests/programs", dirs_exist_ok=True)


def renew_tests(project: Path, tree: Path) -> list[str]:
    """Bring the tests of today into a tree; those files of tests that changed."""
    changed = []
    for name in tracked(project):
        there = tree / name
        if not name.startswith("tests/") or not name.endswith(".py"):
            continue
        if there.is_file() and there.read_bytes() == (project / name).read_bytes():
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / name, there)
        if name.startswith("tests/unit/") and there.name.startswith("test_"):
            changed.append(name)
    return changed


def run_with_coverage(tree: Path, folder: Path, tests: list[str], workers: int) -> None:
    """Run the tests once, to learn which of them run which line. Some may fail; nobody asks those then."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "pytest", "-p", "tests.programs.mutation.contexts", "--tb=short"]
    command += ["-p", "no:cacheprovider", "--numprocesses", str(workers), "--dist", "loadfile", *tests]
    environment = {**os.environ, VARIABLE: str(folder)}
    subprocess.run(command, cwd=tree, env=environment, check=False)


@contextmanager
def broken(tree: Path, file: str, source: str) -> Iterator[None]:
    """The tree with one file replaced; it is as it was afterwards."""
    path = tree / file
    compiled = Path(importlib.util.cache_from_source(str(path)))
    before = path.read_bytes()
    hidden = compiled.read_bytes() if compiled.exists() else None
    compiled.unlink(missing_ok=True)
    path.write_text(source, encoding="utf-8")
    try:
        yield
    finally:
        path.write_bytes(before)
        compiled.unlink(missing_ok=True)
        if hidden is not None:
            compiled.write_bytes(hidden)
