"""The one pass over all rows: typed, checked, and written to training set and holdout as they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.dataset import DatasetContract
from contracts.split import FOLD_COLUMN
from lambdas.datasets.checks import rules
from lambdas.datasets.checks.violations import key_name
from lambdas.datasets.engine import Engine
from lambdas.datasets.identity import numbers
from lambdas.datasets.moments import Figures
from lambdas.datasets.quoting import identifier, literal
from lambdas.datasets.sides import HOLDOUT, NEITHER, TRAIN, Side, Sides

SAMPLE_ROWS = 400_000
_GOOD = "greenlight_good"
AGAIN = "greenlight_again_"  # with a unique key's number: whether the row repeats that key's values
Note = Callable[[pa.RecordBatch, Side, npt.NDArray[np.int64]], None]


@dataclass(frozen=True, kw_only=True)
class Split:
    """`rows` counts those that could be read, and `gap_rows` the good ones that are on neither side;
    `figures` are those of both sides by column, `sample` holds rows of both, evenly spread and in order."""

    rows: int
    train_rows: int
    holdout_rows: int
    gap_rows: int
    figures: Mapping[str, Mapping[str, Any]]
    sample: pa.Table

    @property
    def good_rows(self) -> int:
        return self.train_rows + self.holdout_rows + self.gap_rows


def split(
    engine: Engine,
    contract: DatasetContract,
    *,
    train: Path,
    holdout: Path,
    sides: Sides,
    without_duplicates: bool,
    every: int,
    note: Note | None = None,
) -> Split:
    """Write both Parquet files. `every` is the sampling step: 1 keeps all rows.

    `note` is told of each batch and of where each of its rows goes.
    """
    names = [column.name for column in contract.columns]
    rows, gap_rows, sampled, figures = 0, 0, [], Figures(contract)
    with ExitStack() as files:
        to_train, to_holdout = (files.enter_context(Writer(path)) for path in (train, holdout))
        for batch in engine.batches(_query(engine, contract, engine.source.listing, without_duplicates)):
            good = np.asarray(batch.column(_GOOD).to_numpy(zero_copy_only=False), dtype=bool)
            of_sides, folds = sides.of(batch, rows)
            side = np.where(good, of_sides, NEITHER).astype(np.int8)
            if note:
                note(batch, side, _places(side, to_train.rows, to_holdout.rows))
            columns = batch.select(names).append_column(FOLD_COLUMN, folds)
            to_train.write(_rows(columns, np.flatnonzero(side == TRAIN)))
            to_holdout.write(_rows(columns, np.flatnonzero(side == HOLDOUT)))
            kept = _rows(columns, np.flatnonzero(side != NEITHER))
            figures.note(kept)
            sampled.append(every_nth(kept, every))
            rows += batch.num_rows
            gap_rows += int(good.sum() - (side != NEITHER).sum())
    return Split(
        rows=rows,
        train_rows=to_train.rows,
        holdout_rows=to_holdout.rows,
        gap_rows=gap_rows,
        figures=figures.merged(),
        sample=pa.Table.from_batches(sampled) if sampled else pa.table({}),
    )


def times_of(
    engine: Engine, contract: DatasetContract, *, without_duplicates: bool
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The times of the good rows, rising, and how many rows each has."""
    rows = _query(engine, contract, engine.source.rows, without_duplicates)
    return counted_times(engine, contract, f"(SELECT * FROM ({rows}) WHERE {_GOOD})")  # noqa: S608


def counted_times(
    engine: Engine, contract: DatasetContract, source: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """As `times_of`, of a table of typed rows."""
    time = identifier(contract.split.time)
    found = engine.batches(f"SELECT {time} AS t, count(*) AS n FROM {source} GROUP BY t ORDER BY t")  # noqa: S608
    values, counts = [np.empty(0)], [np.empty(0, dtype=np.int64)]
    for batch in found:
        values.append(numbers(batch.column("t")))
        counts.append(np.asarray(batch.column("n").to_numpy(), dtype=np.int64))
    return np.concatenate(values), np.concatenate(counts)


def _places(side: Side, train_rows: int, holdout_rows: int) -> npt.NDArray[np.int64]:
    """Each row's place in its side's file, from 0, before the batch is written to files of so many rows; -1
    where it goes to neither."""
    place = np.full(len(side), -1, dtype=np.int64)
    for number, start in ((TRAIN, train_rows), (HOLDOUT, holdout_rows)):
        of_side = side == number
        place[of_side] = start + np.arange(of_side.sum())
    return place


class Writer:
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


def _rows(batch: pa.RecordBatch, numbers: npt.NDArray[np.int64]) -> pa.RecordBatch:
    """Those rows, rising, without a copy where they are all."""
    return batch if len(numbers) == batch.num_rows else batch.take(pa.array(numbers))


def every_nth(batch: pa.RecordBatch, step: int) -> pa.RecordBatch:
    """The first row and then each after so many steps."""
    return _rows(batch, np.arange(0, batch.num_rows, step))


def _query(engine: Engine, contract: DatasetContract, source: str, without_duplicates: bool) -> str:
    if not without_duplicates:
        return rules.checked(contract, source, odd=engine.source.odd)
    numbered = f"(SELECT row_number() OVER () AS greenlight_row, * FROM {source})"  # noqa: S608
    every_row = rules.checked(contract, numbered, "greenlight_row", odd=engine.source.odd)
    again = "greenlight_row IN (SELECT row FROM duplicates)"
    repeats = "".join(
        f', greenlight_row IN (SELECT row FROM duplicates WHERE "column" = {literal(key_name(names))}) '  # noqa: S608
        f"AS {AGAIN}{index}"
        for index, names in enumerate(rules.unique_keys(contract))
    )
    good = f"* REPLACE (greenlight_good AND NOT {again} AS greenlight_good)"
    return f"SELECT {good}{repeats} FROM ({every_row})"  # noqa: S608


def sampling_step(size_bytes: int, head: bytes, wanted: int = SAMPLE_ROWS) -> int:
    """Keep one row of how many, judged by the length of the first lines."""
    lines = max(1, head.count(b"\n"))
    expected = size_bytes * lines / max(1, len(head))
    return max(1, round(expected / wanted))
