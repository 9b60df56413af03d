"""One file of rows, checked against the contract row by row and split; the whole is judged after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from contracts.dataset import DatasetContract
from lambdas.ingest_data.arrival import Arrival
from lambdas.ingest_data.engine import Engine
from lambdas.ingest_data.faults import DatasetRejected
from lambdas.ingest_data.formats import CSV, PARQUET
from lambdas.ingest_data.header import faults_of_head, faults_of_names
from lambdas.ingest_data.judging import Counts
from lambdas.ingest_data.sources import source_of
from lambdas.ingest_data.splitting import Note, split
from lambdas.ingest_data.violations import Violation, find_duplicates, find_violations, no_violations


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the rows came to; the table broken holds those that break a rule."""

    counts: Counts
    violations: tuple[Violation, ...]
    sample: pa.Table


def check_form(arrival: Arrival, contract: DatasetContract) -> None:
    """Raises DatasetRejected where the file is none that holds the contract's columns."""
    faults = faults_of_head(arrival.head, contract) if arrival.kind == CSV else []
    if not faults and arrival.encoding_fault:
        faults = [arrival.encoding_fault]
    if not faults and arrival.kind == PARQUET:
        faults = faults_of_names(source_of(arrival).names, contract)
    if faults:
        raise DatasetRejected(faults)


def read_rows(
    engine: Engine,
    arrival: Arrival,
    contract: DatasetContract,
    *,
    train: Path,
    holdout: Path,
    every: int,
    note: Note | None = None,
) -> Reading:
    """Write the files that `split` names; raises DatasetRejected where the file cannot be read."""
    duplicates = find_duplicates(engine, contract, arrival.size_bytes)
    found = split(
        engine,
        contract,
        train=train,
        holdout=holdout,
        without_duplicates=duplicates > 0,
        every=every,
        note=note,
    )
    malformed = engine.malformed()
    bad = found.rows - found.good_rows + malformed
    return Reading(
        counts=Counts(
            rows=found.rows + malformed, bad=bad, train=found.train_rows, holdout=found.holdout_rows
        ),
        violations=tuple(find_violations(engine, contract, arrival) if bad else no_violations(engine)),
        sample=found.sample,
    )
