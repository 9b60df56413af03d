"""Parts of a dataset that is split by time: each is divided at the one cut-off that all parts together have.

IngestPart, which sees one part alone, leaves all good rows on the side of training. So each part is read
twice here, once for its times and once to be divided, and never lies in the scratch space with another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.dataset import DatasetContract
from lambdas.datasets.engine import Engine
from lambdas.datasets.moments import Figures
from lambdas.datasets.parts import records as parts
from lambdas.datasets.parts.measuring import measure
from lambdas.datasets.parts.records import PartResult
from lambdas.datasets.profile import written
from lambdas.datasets.reading import cut_off
from lambdas.datasets.sides import HOLDOUT, NEITHER, TRAIN, Sides
from lambdas.datasets.splitting import Writer, counted_times, every_nth
from lambdas.merge_parts.store import Store

Fetch = Callable[[int], Path]


def divide(
    engine: Engine,
    contract: DatasetContract,
    results: Sequence[PartResult],
    rewritten: dict[int, Path],
    store: Store,
) -> tuple[list[PartResult], dict[int, Path]]:
    """The parts with both sides, all written anew, and where their samples and categories lie; `rewritten`
    are those that have been already. Raises DatasetRejected where all rows are of one time."""

    def fetched(number: int) -> Path:
        return store.fetch([number], parts.TRAIN_FILE, rewritten=number in rewritten)[0]

    inhabited = [number for number, result in enumerate(results) if result.train_rows]
    counted = [_times(engine, contract, fetched(number)) for number in inhabited]
    sides = Sides(contract, cut_off(contract, *_together(counted)))
    divided, places = list(results), dict(rewritten)
    for number in inhabited:
        target = store.scratch / "divided" / f"{number:05d}"
        source = fetched(number)
        divided[number] = _divide(engine, contract, results[number], sides, source, target)
        source.unlink()
        for name in (parts.TRAIN_FILE, parts.HOLDOUT_FILE):
            store.keep(number, target / name)
        places[number] = target
    return divided, places


def _times(
    engine: Engine, contract: DatasetContract, path: Path
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    found = counted_times(engine, contract, written([path]))
    path.unlink()
    return found


def _together(
    counted: Sequence[tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    times = np.concatenate([np.empty(0), *(values for values, _ in counted)])
    rows = np.concatenate([np.empty(0, dtype=np.int64), *(rows for _, rows in counted)])
    values, place = np.unique(times, return_inverse=True)
    return values, np.bincount(place, weights=rows, minlength=len(values)).astype(np.int64)


def _divide(
    engine: Engine,
    contract: DatasetContract,
    result: PartResult,
    sides: Sides,
    source: Path,
    target: Path,
) -> PartResult:
    target.mkdir(parents=True)
    sampled, gap, figures = [], 0, Figures(contract)
    with ExitStack() as files, pq.ParquetFile(source) as file:
        to_train, to_holdout = (
            files.enter_context(Writer(target / name)) for name in (parts.TRAIN_FILE, parts.HOLDOUT_FILE)
        )
        for batch in file.iter_batches():
            side, _ = sides.of(batch)
            to_train.write(batch.filter(pa.array(side == TRAIN)))
            to_holdout.write(batch.filter(pa.array(side == HOLDOUT)))
            kept = batch.filter(pa.array(side != NEITHER))
            figures.note(kept)
            sampled.append(every_nth(kept, result.every))
            gap += int((side == NEITHER).sum())
    sample = pa.Table.from_batches(sampled)
    if sample.num_rows:
        pq.write_table(sample, target / parts.SAMPLE_FILE, compression="zstd")
    return replace(
        result,
        train_rows=to_train.rows,
        holdout_rows=to_holdout.rows,
        gap_rows=gap,
        sampled_rows=sample.num_rows,
        figures=figures.merged(),
        classes=measure(engine, contract, target),
    )
