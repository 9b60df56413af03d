"""The one pass over all rows: typed, checked, and written to training set and holdout as they come."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.dataset import DatasetContract
from lambdas.ingest_data import rules
from lambdas.ingest_data.engine import Engine

SAMPLE_ROWS = 400_000
_GOOD, _HOLDOUT = "greenlight_good", "greenlight_holdout"


@dataclass(frozen=True, kw_only=True)
class Split:
    """`rows` counts those that could be read; `sample` holds good rows, evenly spread and in order."""

    rows: int
    train_rows: int
    holdout_rows: int
    sample: pa.Table

    @property
    def good_rows(self) -> int:
        return self.train_rows + self.holdout_rows


def split(
    engine: Engine,
    contract: DatasetContract,
    *,
    train: Path,
    holdout: Path,
    without_duplicates: bool,
    every: int,
) -> Split:
    """Write both Parquet files. `every` is the sampling step: 1 keeps all rows."""
    names = [column.name for column in contract.columns]
    writers: dict[Path, pq.ParquetWriter] = {}
    counts = dict.fromkeys((train, holdout), 0)
    rows, sampled = 0, []
    try:
        for batch in engine.batches(_query(engine, contract, without_duplicates)):
            good, held = batch.column(_GOOD), batch.column(_HOLDOUT)
            columns = batch.select(names)
            for path, mask in ((train, pc.and_not(good, held)), (holdout, pc.and_(good, held))):
                if path not in writers:
                    writers[path] = _writer(path, columns.schema)
                part = columns.filter(mask)
                writers[path].write_batch(part)
                counts[path] += part.num_rows
            sampled.append(_every(columns.filter(good), every))
            rows += batch.num_rows
    finally:
        for writer in writers.values():
            writer.close()
    return Split(
        rows=rows,
        train_rows=counts[train],
        holdout_rows=counts[holdout],
        sample=pa.Table.from_batches(sampled) if sampled else pa.table({}),
    )


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    return pq.ParquetWriter(path, schema, compression="snappy")


def _every(batch: pa.RecordBatch, step: int) -> pa.RecordBatch:
    return batch if step == 1 else batch.take(pa.array(range(0, batch.num_rows, step)))


def _query(engine: Engine, contract: DatasetContract, without_duplicates: bool) -> str:
    source = engine.source_that_lists_malformed_rows
    if not without_duplicates:
        return rules.checked(contract, source)
    numbered = f"(SELECT row_number() OVER () AS greenlight_row, * FROM {source})"  # noqa: S608
    every_row = rules.checked(contract, numbered, "greenlight_row")
    again = "greenlight_row IN (SELECT row FROM duplicates)"
    return f"SELECT * REPLACE (greenlight_good AND NOT {again} AS greenlight_good) FROM ({every_row})"  # noqa: S608


def sampling_step(size_bytes: int, head: bytes, wanted: int = SAMPLE_ROWS) -> int:
    """Keep one row of how many, judged by the length of the first lines."""
    lines = max(1, head.count(b"\n"))
    expected = size_bytes * lines / max(1, len(head))
    return max(1, round(expected / wanted))
