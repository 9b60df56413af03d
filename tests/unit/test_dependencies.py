"""What is imported is declared where it is needed, and what is declared is imported or has a reason."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# The folders that run on a user's machine or in AWS, and those that only test or measure.
PRODUCT = (
    "contracts",
    "scoring",
    "lambdas",
    "inference",
    "training_jobs",
    "infra_cdk",
    "step_functions",
    "operations",
)
FOLDERS = {"product": PRODUCT, "local": ("localcloud",), "dev": ("tests", "benchmarks", "localcloud/tests")}
MAY_USE = {
    "product": ("product",),
    "local": ("product", "local"),
    "dev": ("product", "local", "dev"),
}
# Started as programs, found by other packages, or read by type checkers: nothing imports them.
NOT_IMPORTED = {
    "awscli": "localcloud hands it to users",
    "awslambdaric": "the entry point of the Lambda image",
    "sagemaker-mlflow": "a plug-in that MLflow finds by its tracking URI",
    "starlette": "the console serves with it",
    "uvicorn": "the console serves with it",
    "playwright": "pytest.importorskip names it",
    "pytest-timeout": "a plug-in",
    "pytest-xdist": "a plug-in",
    "ruff": "a program",
    "zizmor": "a program",
    "ipykernel": "nbclient starts it",
    "mypy": "a program",
    "pip-audit": "a program",
    "cyclonedx-bom": "a program",
    "setuptools": "parliament needs its pkg_resources",
    "boto3-stubs-lite": "types",
    "pandas-stubs": "types",
    "types-pyyaml": "types",
}
# What has a lock of its own: peers that benchmarks start, AWS's clients, a user's own estimators and their
# runtime; joblib and pydantic come with peers, setuptools builds a wheel, and the last is missing on purpose.
ELSEWHERE = {
    *("bentoml", "fastapi", "flask", "flaml", "joblib", "lleaves", "pydantic", "sagemaker", "skl2onnx"),
    *("tl2cgen", "treelite", "tritonclient"),
}
ELSEWHERE |= {"catboost", "torch", "onnx", "onnxruntime", "setuptools", "no_such_package"}
# Imported where types are checked alone.
TYPES = re.compile(r"mypy_boto3_\w+")


def named(requirement: str) -> str:
    return re.split(r"[=<>\[ ;]", requirement)[0].lower().replace("_", "-").replace(".", "-")


DECLARED = {
    "product": {named(r) for r in PROJECT["project"]["dependencies"]},
    "local": {named(r) for r in PROJECT["dependency-groups"]["local"]},
    "dev": {named(r) for r in PROJECT["dependency-groups"]["dev"]},
}


@cache
def imported(folder: str) -> frozenset[tuple[str, Path]]:
    """Top-level names of other people's packages, with the files that import them."""
    return frozenset(_imported(ROOT / folder))


def _imported(folder: Path) -> Iterator[tuple[str, Path]]:
    own = {path.stem for path in ROOT.iterdir()}
    for path in folder.rglob("*.py"):
        if "tests" in path.relative_to(folder).parts[:-1]:
            continue  # a package's own tests are a folder for themselves
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for name in {module.split(".")[0] for module in modules}:
                if name not in sys.stdlib_module_names and name not in own and not TYPES.fullmatch(name):
                    yield name, path


DISTRIBUTIONS = {
    module: {named(name) for name in names} for module, names in packages_distributions().items()
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_what_is_imported_is_declared_for_where_it_runs(kind: str) -> None:
    allowed = set().union(*(DECLARED[group] for group in MAY_USE[kind]))
    missing = {
        (name, path.relative_to(ROOT).as_posix())
        for folder in FOLDERS[kind]
        for name, path in imported(folder)
        if name not in ELSEWHERE and not DISTRIBUTIONS.get(name, {name}) & allowed
    }
    assert not missing


def test_what_is_declared_is_imported_or_has_a_reason() -> None:
    used = {
        distribution
        for folders in FOLDERS.values()
        for folder in folders
        for name, _ in imported(folder)
        for distribution in DISTRIBUTIONS.get(name, {name})
    }
    unused = set().union(*DECLARED.values()) - used - set(NOT_IMPORTED)
    assert not unused


def test_no_reason_is_kept_for_what_is_not_declared() -> None:
    assert set(NOT_IMPORTED) <= set().union(*DECLARED.values())
