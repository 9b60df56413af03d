"""Values that may occur only once, and do so in several parts: all rows but the first are set aside.

Each part has told of its own repetitions already, and left every value once (IngestPart's keys). DuckDB
compares those of all parts, exactly and in the parts' order, and spills to the scratch space past its memory.
"""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from contracts.dataset import DatasetContract
from lambdas.datasets.checks import rules
from lambdas.datasets.checks.violations import Violation, key_name
from lambdas.datasets.engine import Engine
from lambdas.datasets.parts.records import BAD, IN_HOLDOUT, IN_TRAIN
from lambdas.datasets.profile import written
from lambdas.datasets.quoting import literal

Places = Mapping[int, npt.NDArray[np.int64]]


def find_again(engine: Engine, contract: DatasetContract, keys: Sequence[Sequence[Path]]) -> None:
    """Fill the table again (part, row, line, side, place, column, value); `keys` are the files by key."""
    engine.ask(
        "CREATE OR REPLACE TEMP TABLE again (part BIGINT, row BIGINT, line BIGINT, side TINYINT, "
        'place BIGINT, "column" VARCHAR, value VARCHAR)'
    )
    for names, files in zip(rules.unique_keys(contract), keys, strict=True):
        if files:
            _collect(engine, names, written(files))


def _collect(engine: Engine, names: Sequence[str], source: str) -> None:
    columns = ", ".join(f"k{i}" for i in range(len(names)))
    engine.ask(
        f"INSERT INTO again SELECT part, row, line, side, place, {literal(key_name(names))}, "
        f"left(concat_ws(', ', {columns}), 200) FROM {source} "
        f"WHERE ({columns}) IN (SELECT ({columns}) FROM {source} GROUP BY {columns} HAVING count(*) > 1) "
        f"QUALIFY row_number() OVER (PARTITION BY {columns} ORDER BY part, row) > 1"
    )


def bad_rows(engine: Engine) -> int:
    """How many were good in their own part."""
    ((count,),) = engine.ask(f"SELECT count(DISTINCT (part, row)) FROM again WHERE side != {BAD}")
    return int(count)


def violations(engine: Engine) -> list[tuple[int, Violation]]:
    """By column, with the number of the part in which the first one stands."""
    found = engine.ask(
        'SELECT "column", min(part), arg_min(line, (part, row)), arg_min(value, (part, row)), count(*) '
        'FROM again GROUP BY "column" ORDER BY "column"'
    )
    return [
        (part, Violation(column=column, rule="unique", value=value, line=line, count=count))
        for column, part, line, value, count in found
    ]


def places_to_drop(engine: Engine) -> dict[int, Places]:
    """By part, where the rows to leave out lie in its training set and its holdout."""
    found: dict[int, dict[int, list[int]]] = {}
    for part, side, place in engine.ask(
        f"SELECT DISTINCT part, side, place FROM again WHERE side != {BAD} ORDER BY ALL"
    ):
        found.setdefault(part, {IN_TRAIN: [], IN_HOLDOUT: []})[side].append(place)
    return {
        part: {side: np.array(places, dtype=np.int64) for side, places in sides.items()}
        for part, sides in found.items()
    }


def write_quarantine(engine: Engine, names: Sequence[str], path: Path) -> None:
    engine.ask("CREATE OR REPLACE TEMP TABLE named (number BIGINT, part VARCHAR)")
    engine.insert("named", {"number": list(range(len(names))), "part": list(names)})
    query = (
        "SELECT named.part, line, \"column\", 'unique' AS rule, value FROM again "
        'JOIN named ON again.part = number ORDER BY number, line, "column"'
    )
    engine.ask(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")
