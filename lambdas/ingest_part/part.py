"""From one saved part to its files and figures: the same reading as of a whole dataset, and no verdict."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.dataset import DatasetContract
from contracts.documents.requests import IngestPartRequest
from contracts.pipeline_config import PipelineConfig
from lambdas.datasets.checks.violations import write_quarantine
from lambdas.datasets.engine import Engine
from lambdas.datasets.parts import records as parts
from lambdas.datasets.parts.measuring import measure
from lambdas.datasets.parts.records import PartResult
from lambdas.datasets.reading import Reading, check_form, read_rows
from lambdas.datasets.splitting import sampling_step
from lambdas.datasets.upload.arrival import Arrival
from lambdas.datasets.upload.sources import source_of
from lambdas.ingest_part.keys import Keys


def ingest_part(
    arrival: Arrival, item: IngestPartRequest, config: PipelineConfig, scratch: Path, directory: Path
) -> PartResult:
    """Write the part's files into the directory; raises DatasetRejected where it cannot be read."""
    check_form(arrival, config.dataset)
    directory.mkdir()
    engine = Engine(source_of(arrival, config.dataset), scratch)
    try:
        return _ingest(engine, arrival, item, config.dataset, directory)
    finally:
        engine.close()


def _ingest(
    engine: Engine,
    arrival: Arrival,
    item: IngestPartRequest,
    contract: DatasetContract,
    directory: Path,
) -> PartResult:
    every = power_of_two(sampling_step(arrival.size_bytes, arrival.head, item.sample_rows))
    keys = Keys(contract, directory, item.number, has_lines=engine.source.has_lines)
    reading = read_rows(
        engine,
        arrival,
        contract,
        train=directory / parts.TRAIN_FILE,
        holdout=directory / parts.HOLDOUT_FILE,
        every=every,
        note=keys.note,
        is_part=True,
    )
    keys.finish(engine, arrival)
    if reading.counts.bad:
        write_quarantine(engine, directory / parts.QUARANTINE_FILE, part=item.part)
    return _result(engine, arrival, item, contract, directory, reading, every)


def _result(
    engine: Engine,
    arrival: Arrival,
    item: IngestPartRequest,
    contract: DatasetContract,
    directory: Path,
    reading: Reading,
    every: int,
) -> PartResult:
    _write_sample(reading.sample, directory / parts.SAMPLE_FILE)
    classes = measure(engine, contract, directory)
    return PartResult(
        part=item.part,
        version_id=item.version_id,
        sha256=arrival.sha256,
        size_bytes=arrival.size_bytes,
        rows=reading.counts.rows,
        train_rows=reading.counts.train,
        holdout_rows=reading.counts.holdout,
        bad_rows=reading.counts.bad,
        every=every,
        sampled_rows=reading.sample.num_rows,
        figures=reading.figures,
        classes=classes,
        key_bytes=sum(file.stat().st_size for file in directory.glob("key-*.parquet")),
        violations=tuple(violation.as_document() for violation in reading.violations),
    )


def _write_sample(sample: pa.Table, path: Path) -> None:
    if sample.num_rows:
        pq.write_table(sample, path, compression="zstd")


def power_of_two(step: int) -> int:
    """The next one: samples of such steps are thinned to a common one by leaving rows out."""
    return 1 << (step - 1).bit_length()
