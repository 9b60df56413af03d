"""A plug-in of pytest: which test runs which line, how long it takes, and whether it passes at all.

With `GREENLIGHT_COVERAGE=FOLDER` each process of the run writes FOLDER/PROCESS.coverage and
FOLDER/PROCESS.json.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coverage
import pytest

from tests.programs.mutation.sample import FOLDERS

VARIABLE = "GREENLIGHT_COVERAGE"
_FAR = 4


class Recorder:
    """Switches coverage's context to the test that runs."""

    def __init__(self, folder: Path, process: str) -> None:
        self._file = folder / f"{process}.json"
        self._tests: dict[str, list[float]] = {}
        self._coverage = coverage.Coverage(
            data_file=str(folder / f"{process}.coverage"), source=list(FOLDERS), config_file=False
        )
        self._coverage.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        seconds, passed = self._tests.setdefault(report.nodeid, [0.0, 1.0])
        sound = report.passed or (report.skipped and report.when == "call")
        self._tests[report.nodeid] = [seconds + report.duration, passed and float(sound)]

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        self._coverage.save()
        self._file.write_text(json.dumps(self._tests))


def pytest_configure(config: pytest.Config) -> None:
    folder = os.environ.get(VARIABLE)
    process = os.environ.get("PYTEST_XDIST_WORKER")
    if folder and (process or not getattr(config.option, "numprocesses", None)):
        config.pluginmanager.register(Recorder(Path(folder), process or "main"), "recorder of lines")


@dataclass
class Contexts:
    """File → line → tests; and each sound test's seconds."""

    lines: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def contexts_of(self, file: str, lines: range) -> set[str]:
        """What runs any of the lines of a statement: tests, and "" for an import or pytest's collection."""
        by_line = self.lines.get(file, {})
        return set().union(*(by_line.get(line, set()) for line in lines))

    def tests_of(self, file: str, lines: range) -> list[str]:
        """The tests that run a statement; of one that runs at import, those that run anything in its file; of
        one that no test runs in its own process (a server's start), those of the folder that mirrors the
        file's."""
        by_line = self.lines.get(file, {})
        contexts = self.contexts_of(file, lines)
        found = contexts - {""}
        if not found and contexts:
            found = set().union(*by_line.values()) - {""}
        near = f"tests/unit/{file.rpartition('/')[0]}/"
        if not found:
            found = {test for test in self.seconds if test.startswith(near)}
        sound = [test for test in found if test in self.seconds]
        # A test of the folder beside notices more often, but not so often that a slow one comes first.
        return sorted(sound, key=lambda test: self.seconds[test] * (1 if test.startswith(near) else _FAR))


def read(folder: Path, root: Path) -> Contexts:
    """What the processes of a run wrote."""
    contexts = Contexts()
    for file in sorted(folder.rglob("*.json")):
        for test, (seconds, passed) in json.loads(file.read_text()).items():
            if passed:
                contexts.seconds[test] = seconds
            else:
                contexts.seconds.pop(test, None)
    for file in sorted(folder.rglob("*.coverage")):
        data = coverage.CoverageData(str(file))
        data.read()
        for measured in data.measured_files():
            name = Path(measured).relative_to(root).as_posix()
            by_line = contexts.lines.setdefault(name, {})
            _add(by_line, data.contexts_by_lineno(measured).items())
    return contexts


def _add(by_line: dict[int, set[str]], found: Iterable[tuple[int, list[str]]]) -> None:
    for line, tests in found:
        by_line.setdefault(line, set()).update(tests)
