"""A part written anew without the rows that an earlier part holds already."""

from __future__ import annotations

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
from lambdas.datasets.parts.records import IN_HOLDOUT, IN_TRAIN, PartResult
from lambdas.datasets.splitting import Writer, every_nth
from lambdas.merge_parts.duplicates import Places


def drop(
    engine: Engine,
    contract: DatasetContract,
    result: PartResult,
    places: Places,
    source: Path,
    target: Path,
) -> PartResult:
    """Read the part's files in `source`, write them without those rows into `target`, and measure again."""
    target.mkdir(parents=True)
    figures = Figures(contract)
    train, sampled = _without(places[IN_TRAIN], source, target / parts.TRAIN_FILE, result.every, figures)
    holdout, more = _without(places[IN_HOLDOUT], source, target / parts.HOLDOUT_FILE, result.every, figures)
    sample = pa.Table.from_batches([*sampled, *more])
    if sample.num_rows:
        pq.write_table(sample, target / parts.SAMPLE_FILE, compression="zstd")
    return replace(
        result,
        train_rows=train,
        holdout_rows=holdout,
        bad_rows=result.rows - train - holdout,
        sampled_rows=sample.num_rows,
        figures=figures.merged(),
        classes=measure(engine, contract, target),
    )


def _without(
    places: npt.NDArray[np.int64], source: Path, target: Path, every: int, figures: Figures
) -> tuple[int, list[pa.RecordBatch]]:
    """How many rows are left, and a sample of them."""
    sampled, start = [], 0
    with Writer(target) as writer, pq.ParquetFile(source / target.name) as file:
        for batch in file.iter_batches():
            keep = np.ones(batch.num_rows, dtype=bool)
            keep[places[(places >= start) & (places < start + batch.num_rows)] - start] = False
            kept = batch.filter(pa.array(keep))
            writer.write(kept)
            figures.note(kept)
            sampled.append(every_nth(kept, every))
            start += batch.num_rows
        if start == 0:
            writer.write(pa.RecordBatch.from_pylist([], file.schema_arrow))
    return writer.rows, sampled
