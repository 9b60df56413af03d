"""Files of records: each event once, in the order of the events. DuckDB spills what memory does not hold."""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import duckdb

from contracts.dataset import DatasetContract
from lambdas.datasets.quoting import identifier, literal
from lambdas.streams.columns import EVENT_ID, EVENT_TIME, FIRST

_MEMORY_SHARE = 0.5
_DEFAULT_MEMORY_MB = 2048


def write_unit(events: Sequence[Path], known: Sequence[Path], path: Path) -> int:
    """Write the events that none of the known files holds, each by the record that arrived first; returns
    how many there are."""
    return _copy(f"SELECT * FROM {_files(events)}", known, "*", path)


def write_part(units: Sequence[Path], contract: DatasetContract, path: Path) -> int:
    """Write the contract's columns alone. Two runs at the same time may have closed an hour twice, so that
    each event is taken once here, too."""
    names = ", ".join(identifier(column.name) for column in contract.columns)
    return _copy(f"SELECT * FROM {_files(units)}", [], names, path)


def _copy(source: str, known: Sequence[Path], names: str, path: Path) -> int:
    unknown = f"WHERE {EVENT_ID} NOT IN (SELECT {EVENT_ID} FROM {_files(known)})" if known else ""
    query = (
        f"SELECT {names} FROM (SELECT * FROM ({source}) {unknown} "
        f"QUALIFY row_number() OVER (PARTITION BY {EVENT_ID} ORDER BY {FIRST}) = 1) "
        f"ORDER BY {EVENT_TIME}, {EVENT_ID}"
    )
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{_memory_mb()}MB'")
        connection.execute(f"SET temp_directory = {literal(str(path.parent / 'spill'))}")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")
        ((rows,),) = connection.execute(f"SELECT count(*) FROM {_files([path])}").fetchall()
    return int(rows)


def _files(paths: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(literal(str(path)) for path in paths)}])"


def _memory_mb() -> int:
    """Lambda tells a function its own size (Lambda Developer Guide, "Defined runtime variables")."""
    return int(_MEMORY_SHARE * int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", _DEFAULT_MEMORY_MB)))
