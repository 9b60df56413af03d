"""A user's own estimator is looked for when the app is synthesised, and not first in a training job."""

from __future__ import annotations

import ast
from pathlib import Path

from contracts.estimators import custom_class
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from contracts.reading import PipelineConfigError

FOLDER = "training_jobs/custom"


def check_own_estimator(root: Path, config: PipelineConfig) -> None:
    """The module is there, can be read as Python, and has the class with the methods that are asked of it.
    Nothing of it is run. Raises PipelineConfigError naming what is missing."""
    found = custom_class(config.training.estimator)
    if found is None:
        return
    module, name = found
    path = root / FOLDER / f"{module}.py"
    if not path.is_file():
        there = sorted(p.stem for p in (root / FOLDER).glob("*.py") if p.stem != "__init__")
        known = f"; there are {', '.join(there)}" if there else ""
        raise _error(f"there is no {FOLDER}/{module}.py{known}")
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise _error(f"{FOLDER}/{module}.py is no Python: {error}") from error
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    imported = {alias.asname or alias.name for node in tree.body for alias in _imported(node)}
    if name not in classes and name not in imported:
        raise _error(f"{FOLDER}/{module}.py has no class {name}; it has {', '.join(classes) or 'none'}")


def _imported(node: ast.stmt) -> list[ast.alias]:
    return node.names if isinstance(node, ast.ImportFrom) else []


def _error(problem: str) -> PipelineConfigError:
    return PipelineConfigError(f"{FILE_NAME}: training.estimator: {problem}")
