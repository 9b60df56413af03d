"""The categories and classes of a part's good rows, in a form that can be merged with other parts'."""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

from pathlib import Path

from contracts.dataset import DatasetContract
from lambdas.datasets import profile as profiles
from lambdas.datasets.engine import Engine
from lambdas.datasets.parts import records as parts
from lambdas.datasets.quoting import identifier, literal

Classes = dict[str, tuple[int, int]]


def measure(engine: Engine, contract: DatasetContract, directory: Path) -> Classes:
    """The classes of the directory's training set and holdout; every category with its count goes to a file
    of its own. Without any row there are no such files."""
    files = [directory / parts.TRAIN_FILE, directory / parts.HOLDOUT_FILE]
    if not all(file.exists() for file in files):
        return {}
    _write_categories(engine, contract, profiles.written(files), directory / parts.CATEGORIES_FILE)
    return profiles.classes(engine, contract.target, *files) if contract.task == "classification" else {}


def _write_categories(engine: Engine, contract: DatasetContract, source: str, path: Path) -> None:
    counted = [
        f'SELECT {literal(column.name)} AS "column", {identifier(column.name)} AS value, count(*) AS rows '
        f"FROM {source} WHERE {identifier(column.name)} IS NOT NULL GROUP BY ALL"
        for column in contract.columns
        if column.type == "category"
    ]
    if counted:
        query = f"SELECT * FROM ({' UNION ALL '.join(counted)}) ORDER BY ALL"
        engine.ask(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")
