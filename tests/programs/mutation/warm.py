"""Tries mistakes in a process that has imported and collected every test already.

`python -m tests.programs.mutation.warm TESTS...` runs in a tree. It forks for each mistake: the child gives
the live functions the broken code (`patching`) and runs the chosen tests up to the first that fails. So a
mistake costs its tests alone. It reads a line of JSON a time, {"tests": [...], "seconds": s, "path": ...,
"source": ..., "broken": ...}, and answers with a line: killed and the test that noticed, survived, timeout,
or cold where the mistake shows only in a module imported anew.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, TextIO

import pytest

from tests.programs.mutation import patching
from tests.programs.mutation.runner import wait

_COLD, _NOTICED, _UNNOTICED = 7, 1, 0


class Server:
    """A plug-in that runs no tests but those that are asked for, each time in a child."""

    def __init__(self, asked: TextIO, answers: TextIO, scratch: Path) -> None:
        self._asked, self._answers, self._scratch = asked, answers, scratch
        self._live: dict[str, list[FunctionType]] = {}
        self._imported: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        gc.collect()
        self._live = patching.functions_of(gc.get_objects(), f"{Path.cwd()}/")
        self._imported = {str(getattr(module, "__file__", "")) for module in sys.modules.values()}
        gc.freeze()
        print("ready", file=self._answers, flush=True)
        for line in self._asked:
            print(self._one(session, items, json.loads(line)), file=self._answers, flush=True)
        return True

    def _one(
        self, session: pytest.Session, items: Mapping[str, pytest.Item], asked: Mapping[str, Any]
    ) -> str:
        chosen = [items[test] for test in asked["tests"] if test in items]
        chosen.sort(key=_files_first(chosen))
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reads)
            self._in_child(session, chosen, asked, writes)
        os.close(writes)
        status = wait(child, asked["seconds"])
        with os.fdopen(reads) as told:
            noticed_by = told.read()
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        if status is None:
            return "timeout"
        return {_COLD: "cold", _UNNOTICED: "survived"}.get(status, f"killed {noticed_by}".strip())

    def _in_child(
        self, session: pytest.Session, items: list[pytest.Item], asked: Mapping[str, Any], writes: int
    ) -> None:
        status = _NOTICED
        try:
            os.setsid()
            if str(Path(asked["path"]).resolve()) in self._imported and not patching.patch(
                self._live.get(asked["path"], []), asked["source"], asked["broken"]
            ):
                os._exit(_COLD)
            status = _run(session, items, writes)
        finally:
            os._exit(status)


def _files_first(items: list[pytest.Item]) -> Any:
    """Fixtures of a module are made once: its tests stay together, in the order in which they were asked."""
    rank: dict[Path, int] = {}
    for item in items:
        rank.setdefault(item.path, len(rank))
    order = {item.nodeid: number for number, item in enumerate(items)}
    return lambda item: (rank[item.path], order[item.nodeid])


def _run(session: pytest.Session, items: list[pytest.Item], writes: int) -> int:
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            os.write(writes, item.nodeid.encode())
            return _NOTICED
    return _UNNOTICED


def main(tests: list[str]) -> None:
    """Answers go to the standard output that the process was started with; pytest's own words nowhere."""
    asked = os.fdopen(os.dup(0))
    answers = os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    scratch = Path(tempfile.mkdtemp(prefix="greenlight-mutation-"))
    options = ["-q", "--no-header", "--tb=no", "-s", "-p", "no:cacheprovider", "-p", "no:xdist"]
    options += ["--timeout=0", "--hypothesis-seed=0", f"--basetemp={scratch / 'tests'}"]
    try:
        pytest.main([*options, *tests], plugins=[Server(asked, answers, scratch)])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
