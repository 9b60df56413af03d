"""The values that may occur only once in the whole dataset, for MergeParts to compare between parts."""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.dataset import DatasetContract
from lambdas import parts
from lambdas.ingest_data import rules
from lambdas.ingest_data.arrival import Arrival
from lambdas.ingest_data.engine import Engine
from lambdas.ingest_data.lines import lines_of_all_rows, lines_of_bytes
from lambdas.ingest_data.rules import literal

_BATCH_LINES = 100_000


def write_keys(
    engine: Engine,
    contract: DatasetContract,
    arrival: Arrival,
    placed: Path,
    directory: Path,
    number: int,
) -> None:
    """One file for each unique key: part, row, line, side, place (as `split` says) and k0, k1...

    A value that comes again in the part is left out: it is told of already. So is a row without a value.
    """
    engine.ask(
        "CREATE OR REPLACE TEMP VIEW placed AS "
        f"SELECT file_row_number + 1 AS row, side, place FROM read_parquet({literal(str(placed))}, "
        "file_row_number = true)"
    )
    line, lines = _lines(engine, arrival, directory.parent / "lines.parquet")
    for index, names in enumerate(rules.unique_keys(contract)):
        typed = [f"{rules.typed(contract.column(name))} AS k{i}" for i, name in enumerate(names)]
        columns = ", ".join(f"k{i}" for i in range(len(names)))
        query = (
            f"SELECT {number} AS part, row, {line} AS line, side, place, {columns} FROM "
            f"(SELECT row_number() OVER () AS row, {', '.join(typed)} FROM {engine.source.rows}) "
            f"JOIN placed USING (row) {lines} "
            f"WHERE {' AND '.join(f'k{i} IS NOT NULL' for i in range(len(names)))} "
            f"QUALIFY row_number() OVER (PARTITION BY {columns} ORDER BY row) = 1 ORDER BY row"
        )
        target = literal(str(directory / parts.keys_file(index)))
        engine.ask(f"COPY ({query}) TO {target} (FORMAT parquet, COMPRESSION zstd)")


def _lines(engine: Engine, arrival: Arrival, path: Path) -> tuple[str, str]:
    """SQL for the line of a row, and the join that it needs."""
    if not engine.source.has_lines:
        return "row", ""
    asked = engine.ask("SELECT DISTINCT line_byte_position FROM reject_errors")
    malformed = lines_of_bytes(arrival.path, [position for (position,) in asked])
    if not malformed and arrival.counts_lines_simply():
        return "row + 1", ""
    with pq.ParquetWriter(path, pa.schema([("line", pa.int64())])) as file:
        found = lines_of_all_rows(arrival.path, malformed.values())
        while lines := list(islice(found, _BATCH_LINES)):
            file.write_batch(pa.RecordBatch.from_arrays([pa.array(lines, pa.int64())], names=["line"]))
    numbered = (
        f"SELECT file_row_number + 1 AS row, line FROM read_parquet({literal(str(path))}, "
        "file_row_number = true)"
    )
    return "line", f"JOIN ({numbered}) USING (row)"
