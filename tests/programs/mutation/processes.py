"""The two processes of a tree that try mistakes, as the program sees them: one that has every test imported
(`warm`), and one that imports the project anew each time (`runner`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

# The first files' tests are asked alone: most mistakes are noticed before the others are imported.
_FIRST_FILES = 2


@dataclass(frozen=True)
class Question:
    """A module with a mistake, and the tests to ask about it."""

    path: str
    source: str
    broken: str
    tests: Sequence[str]
    acts_at_import: bool


def portions(tests: Sequence[str]) -> list[list[str]]:
    """The tests of the first files, then all others."""
    files = list(dict.fromkeys(test.split("::")[0] for test in tests))
    first = set(files[:_FIRST_FILES])
    parts = [[t for t in tests if (t.split("::")[0] in first) is near] for near in (True, False)]
    return [part for part in parts if part]


class Processes:
    """Both processes of a tree. The answers: killed (and by which test), timeout, survived."""

    def __init__(self, tree: Path, tests: Sequence[str]) -> None:
        self.tree = tree
        self._cold = _start(tree, "runner")
        self._warm = _start(tree, "warm", *tests)
        if _line(self._warm) != "ready":
            raise RuntimeError(f"the tests in {tree} cannot be collected")

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for process in (self._warm, self._cold):
            assert process.stdin
            process.stdin.close()
            process.wait()

    def ask(self, question: Question, seconds: Mapping[str, float]) -> str:
        """Where a mistake acts at import, or a warm process never came to an end, modules are imported
        anew."""
        answer = "cold" if question.acts_at_import else self._ask_warm(question, seconds)
        return self._ask_cold(question.tests, seconds) if answer in {"cold", "timeout"} else answer

    def _ask_warm(self, question: Question, seconds: Mapping[str, float]) -> str:
        asked = {"path": question.path, "source": question.source, "broken": question.broken}
        limit = _limit(question.tests, seconds)
        return _answer(self._warm, {**asked, "tests": list(question.tests), "seconds": limit})

    def _ask_cold(self, tests: Sequence[str], seconds: Mapping[str, float]) -> str:
        for part in portions(tests):
            answer = _answer(self._cold, {"tests": part, "seconds": 30.0 + _limit(part, seconds)})
            if answer != "survived":
                return answer
        return "survived"


def _limit(tests: Sequence[str], seconds: Mapping[str, float]) -> float:
    return 30.0 + 8 * sum(seconds[test] for test in tests)


def _start(tree: Path, module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", f"tests.programs.mutation.{module}", *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _answer(process: subprocess.Popen[str], asked: Mapping[str, object]) -> str:
    assert process.stdin
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    answer = _line(process)
    if not answer:
        raise RuntimeError(f"a process that tries mistakes ended: {process.args!r}")
    return answer


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()
