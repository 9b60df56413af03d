"""The one pass over all rows: typed, checked, and written to training set and holdout as they come."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

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
    rows, sampled = 0, []
    with _Writer(train) as to_train, _Writer(holdout) as to_holdout:
        for batch in engine.batches(_query(engine, contract, without_duplicates)):
            good, held = batch.column(_GOOD), batch.column(_HOLDOUT)
            columns = batch.select(names)
            to_train.write(columns.filter(pc.and_not(good, held)))
            to_holdout.write(columns.filter(pc.and_(good, held)))
            sampled.append(_every(columns.filter(good), every))
            rows += batch.num_rows
    return Split(
        rows=rows,
        train_rows=to_train.rows,
        holdout_rows=to_holdout.rows,
        sample=pa.Table.from_batches(sampled) if sampled else pa.table({}),
    )


class _Writer:
    """A Parquet file written by a thread of its own: one batch is encoded while the next is being read."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = 0
        self._path = path
        self._file: pq.ParquetWriter | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=path.stem)
        self._last: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Raises what the batch before ran into."""
        if self._file is None:
            self._file = pq.ParquetWriter(self._path, batch.schema, compression="snappy")
        if self._last:
            self._last.result()
        self._last = self._thread.submit(self._file.write_batch, batch)
        self.rows += batch.num_rows

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()
        if self._file:
            self._file.close()
        if self._last:
            self._last.result()


def _every(batch: pa.RecordBatch, step: int) -> pa.RecordBatch:
    return batch if step == 1 else batch.take(pa.array(range(0, batch.num_rows, step)))


def _query(engine: Engine, contract: DatasetContract, without_duplicates: bool) -> str:
    source = engine.source.listing
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
