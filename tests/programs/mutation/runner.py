"""Tries mistakes, one after another, in one tree.

`python -m tests.programs.mutation.runner` runs in a tree, has imported what tests import of other people's
packages, and forks for each mistake: the child runs the tests. So a mistake costs its tests and the project's
own imports. It reads a JSON line {"tests": [...], "seconds": s} a time and answers with a line: killed,
survived or timeout.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

# What many tests import of other people's packages; the project's own modules are imported anew for each
# mistake.
_COMMON: tuple[str, ...] = (
    *("boto3", "moto", "numpy", "pandas", "sklearn.ensemble", "hypothesis.strategies", "duckdb", "orjson"),
    *("pyarrow.parquet", "scipy.stats", "aws_lambda_powertools.utilities.batch", "httptools", "uvloop"),
    *("moto.core", "moto.s3.models", "moto.dynamodb.models", "moto.sqs.models", "moto.sns.models"),
)
_POLL_SECONDS, _LOOK_SECONDS = 0.02, 1.0
_UNNOTICED = (0, 5)  # every test passed, or none of them is there any more


class Chosen:
    """A plug-in that runs the given tests alone, in the given order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._rank = {test: rank for rank, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        last = len(self._rank)
        files = {item.path: last for item in items}
        for item in items:
            files[item.path] = min(files[item.path], self._rank.get(item.nodeid, last))
        kept = [item for item in items if item.nodeid in self._rank]
        # Fixtures of a module are made once: its tests stay together.
        kept.sort(key=lambda item: (files[item.path], self._rank[item.nodeid]))
        items[:] = kept


def run(tests: Sequence[str]) -> int:
    """pytest's status of the first failure, or 0; 5 means that the tests cannot even be found."""
    files = list(dict.fromkeys(test.split("::")[0] for test in tests))
    plain = ["-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist"]
    plain += ["--hypothesis-seed=0", "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*plain, *files], plugins=[Chosen(tests)]))


def outcome(tests: Sequence[str], seconds: float) -> str:
    """Fork, run the tests, and say how it went; a child that goes on for too long is ended with all it
    started."""
    child = os.fork()
    if child == 0:
        _in_child(tests)
    status = wait(child, seconds)
    if status is None:
        return "timeout"
    return "survived" if status in _UNNOTICED else "killed"


def wait(child: int, seconds: float) -> int | None:
    """A child's status, or None if it had to be ended; either way nothing that it started is left.

    What it and its processes wait for a processor is not counted: on a busy machine that is most of the time,
    and no mistake's doing.
    """
    began = looked = time.monotonic()
    waited: dict[int, float] = {}
    while looked - began - sum(waited.values()) < seconds:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _end_group(child)
            return os.waitstatus_to_exitcode(status)
        time.sleep(_POLL_SECONDS)
        if time.monotonic() - looked > _LOOK_SECONDS:
            looked = time.monotonic()
            waited |= _waits_of(child)
    _end_group(child)
    os.waitpid(child, 0)
    return None


def _waits_of(leader: int) -> dict[int, float]:
    """Process → the seconds it has waited for a processor, for those of a session (proc_pid_schedstat(5),
    its second figure); empty where there is no /proc."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            session = int((place / "stat").read_text().rpartition(")")[2].split()[3])
            if session == leader:
                found[int(place.name)] = int((place / "schedstat").read_text().split()[1]) / 1e9
    return found


def _in_child(tests: Sequence[str]) -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    status = 1
    try:
        status = run(tests)
    finally:
        os._exit(status)


def _end_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def main() -> None:
    for name in _COMMON:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    random.seed(0)
    for line in sys.stdin:
        asked = json.loads(line)
        print(outcome(asked["tests"], asked["seconds"]), flush=True)


if __name__ == "__main__":
    main()
