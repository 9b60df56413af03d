"""How the repository's folders hang together: imports run one way, without a circle, and a large folder has a
reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("contracts", "scoring", "inference", "training_jobs", "lambdas", "infra_cdk", "step_functions")
FOLDERS = (*PRODUCT, "operations", "localcloud")
# A newcomer sees at a glance what a folder of a dozen files holds; a larger one says why it is no two rooms.
MOST_FILES = 12
LARGE_FOLDERS = {
    "contracts": "one file an agreement, flat because every room imports them by name",
    "inference/formats": "one file a body that is read or written",
    "inference/http": "one file a step of a request, from socket to answer",
    "inference/model": "one file a part of an artefact that is evaluated",
    "lambdas/aws": "one file a thing that AWS keeps",
    "lambdas/evaluate_model": "the gate's questions, one a file",
    "lambdas/evaluate_model/report": "the page's parts, one a file",
    "operations/cli": "one file a command",
    "operations/draft": "one file a question that is asked of a table",
    "operations/reading": "one file a thing that is read for people",
    "operations/rehearsal": "one file an act or a part of what is printed",
    "training_jobs": "one file a step of a training, read from train.py",
}


def modules() -> dict[str, Path]:
    found = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if not {"tests", "__pycache__"} & set(parts):
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


@cache
def imported(module: str) -> frozenset[str]:
    """The repository's modules that one imports when it is imported itself."""
    return frozenset(_imported(ast.parse(MODULES[module].read_text(encoding="utf-8")).body))


def _imported(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found = (name if name in MODULES else str(node.module) for name in names)
            yield from (name for name in found if name in MODULES)
        elif isinstance(node, ast.If) and ast.unparse(node.test) != "TYPE_CHECKING":
            yield from _imported([*node.body, *node.orelse])
        elif isinstance(node, ast.Try | ast.ClassDef):
            yield from _imported(node.body)


def circle(graph: dict[str, frozenset[str]]) -> list[str]:
    """The modules of one circle of imports, in order; empty where there is none."""
    done: set[str] = set()

    def walk(module: str, way: list[str]) -> list[str]:
        if module in way:
            return way[way.index(module) :]
        if module in done:
            return []
        for other in sorted(graph.get(module, ())):
            if other != module and (found := walk(other, [*way, module])):
                return found
        done.add(module)
        return []

    for module in sorted(graph):
        if found := walk(module, []):
            return found
    return []


def test_no_modules_import_each_other_in_a_circle():
    assert circle({module: imported(module) for module in MODULES}) == []


def test_a_circle_would_be_found():
    graph = {"a": frozenset({"b"}), "b": frozenset({"c", "d"}), "c": frozenset(), "d": frozenset({"b"})}
    assert circle(graph) == ["b", "d"]


def test_a_folder_of_many_files_has_a_reason_and_no_reason_is_left_over():
    counts: dict[str, int] = {}
    for path in MODULES.values():
        if path.name != "__init__.py":
            folder = path.parent.relative_to(ROOT).as_posix()
            counts[folder] = counts.get(folder, 0) + 1
    large = {folder for folder, count in counts.items() if count > MOST_FILES}
    assert large == set(LARGE_FOLDERS)


MOST_LINES = 400
# Tests of one thing each, which nobody has parted yet.
LONG_FILES = {
    "localcloud/tests/services/cloudwatch/alarms/test_actions.py",
    "localcloud/tests/services/cloudwatch/test_conversation.py",
    "tests/unit/lambdas/test_deploy_model.py",
    "tests/unit/operations/console/test_console.py",
}


def test_no_file_is_so_long_that_nobody_reads_it():
    folders = (*FOLDERS, "benchmarks", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    long = [path for path in files if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES]
    assert {path.relative_to(ROOT).as_posix() for path in long} <= LONG_FILES


ORDER = {
    "contracts": (),
    "scoring": ("contracts",),
    "inference": ("contracts", "scoring"),
    "training_jobs": ("contracts", "scoring", "inference"),
    "lambdas": ("contracts", "scoring", "inference"),
    "step_functions": ("contracts",),
    "infra_cdk": ("contracts", "step_functions"),
    "localcloud": (),
}


@pytest.mark.parametrize("folder", ORDER)
def test_a_folder_imports_what_stands_before_it_alone(folder: str):
    own = [module for module in MODULES if module.split(".")[0] == folder]
    reached = {(module, other) for module in own for other in imported(module)}
    astray = {pair for pair in reached if pair[1].split(".")[0] not in (folder, *ORDER[folder])}
    assert not astray
