"""Who may import whom under lambdas/: functions' folders import shared rooms, and never each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LAMBDAS = ROOT / "lambdas"
FUNCTIONS = {path.parent.name for path in LAMBDAS.glob("*/handler.py")}
FILES = sorted(LAMBDAS.rglob("*.py"))
# A newcomer must be able to see what a folder holds; the report's pages are a room of their own, with a map.
MOST_FILES = 12
LARGE_FOLDERS = {
    "evaluate_model",  # the gate's questions, one a file
    "evaluate_model/report",
    "aws",  # one file a thing that AWS keeps
    "datasets",  # the steps of a dataset, one a file, beside three rooms
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def owner(path: Path) -> str:
    """The function whose folder a file stands in, or the shared room."""
    return path.relative_to(LAMBDAS).parts[0]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(LAMBDAS).as_posix())
def test_no_file_imports_from_the_folder_of_another_function(path: Path) -> None:
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("lambdas.")}
    assert not (rooms & FUNCTIONS) - {owner(path)}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(LAMBDAS).as_posix())
def test_only_the_room_aws_imports_boto3(path: Path) -> None:
    packages = {name.split(".")[0] for name in imported(path)}
    assert owner(path) == "aws" or "boto3" not in packages


def test_a_folder_of_many_files_has_a_reason() -> None:
    folders = {path.parent for path in FILES}
    many = {
        folder.relative_to(LAMBDAS).as_posix()
        for folder in folders
        if len([p for p in folder.glob("*.py") if p.name != "__init__.py"]) > MOST_FILES
    }
    assert many <= LARGE_FOLDERS
