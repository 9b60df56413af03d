"""Which files of the repository a Lambda's handler imports, found by reading them; nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGES = ("contracts", "lambdas", "scoring", "inference")


def imported_files(root: Path, modules: Iterable[str]) -> list[Path]:
    """The files of these modules and of all that they import out of PACKAGES, sorted, as paths from `root`.

    A package's `__init__.py` is run before any module in it, and so is one of its files.
    """
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        for path in _files_of(root, waiting.pop()):
            if path not in found:
                found.add(path)
                waiting += _imports((root / path).read_text(encoding="utf-8"))
    return sorted(found)


def _files_of(root: Path, module: str) -> Iterator[Path]:
    """The module's own file and the `__init__.py` of each package above it; of what is no module, nothing."""
    parts = module.split(".")
    if parts[0] not in PACKAGES:
        return
    for depth in range(1, len(parts) + 1):
        package = Path(*parts[:depth])
        for path in (package / "__init__.py", package.with_suffix(".py")):
            if (root / path).is_file():
                yield path


def _imports(text: str) -> Iterator[str]:
    """Every module that a file may mean: of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
