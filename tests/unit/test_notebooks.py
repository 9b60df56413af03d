"""The notebooks are six, carry no output, and lead from one to the next; `make notebooks` runs them."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.programs import notebooks

FOUND = sorted(notebooks.NOTEBOOKS.glob("*.ipynb"))


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def test_there_are_six_in_order():
    assert [path.name[0] for path in FOUND] == list("123456")


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_no_output_and_no_count_of_runs_is_kept(path: Path):
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_every_cell_is_python_that_compiles_and_something_is_asserted(path: Path):
    text = "\n".join("".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "code")
    tree = ast.parse(text)
    assert any(isinstance(node, ast.Assert) for node in ast.walk(tree))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_a_notebook_points_at_is_there(path: Path):
    text = "\n".join("".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "markdown")
    assert text.startswith(f"# {path.name[0]}. ")
    links = re.findall(r"\]\(([^)]+\.ipynb)\)", text)
    assert all((path.parent / link).is_file() for link in links)
    pages = re.findall(r"`((?:docs|step_functions)/[^`]+\.md)`", text)
    assert all((notebooks.PROJECT / page).is_file() for page in pages)


def test_some_are_chosen_by_how_they_begin():
    assert [path.name[0] for path in notebooks.chosen(["2", "6"])] == ["2", "6"]
    assert len(notebooks.chosen([])) == 6
    with pytest.raises(ValueError, match="begins with '7'"):
        notebooks.chosen(["7"])
