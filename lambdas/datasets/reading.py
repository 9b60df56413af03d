"""One file of rows, checked against the contract row by row and split; the whole is judged after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.dataset import DatasetContract
from lambdas.datasets.checks.faults import DatasetRejected, Fault
from lambdas.datasets.checks.judging import Counts
from lambdas.datasets.checks.violations import Violation, find_duplicates, find_violations, no_violations
from lambdas.datasets.engine import Engine
from lambdas.datasets.sides import Sides, cut_off_of
from lambdas.datasets.splitting import Note, split, times_of
from lambdas.datasets.upload.account import Account
from lambdas.datasets.upload.arrival import Arrival
from lambdas.datasets.upload.formats import CSV, PARQUET
from lambdas.datasets.upload.header import faults_of_head, faults_of_names
from lambdas.datasets.upload.sources import source_of

Times = npt.NDArray[np.float64]
RowCounts = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the rows came to, with `figures` and `sample` as `Split` has them; the table broken holds the rows
    that break a rule."""

    counts: Counts
    violations: tuple[Violation, ...]
    figures: Mapping[str, Mapping[str, Any]]
    sample: pa.Table


def check_form(arrival: Arrival, contract: DatasetContract) -> None:
    """Raises DatasetRejected where the file is none that holds the contract's columns."""
    faults = faults_of_head(arrival.head, contract) if arrival.kind == CSV else []
    if not faults and arrival.encoding_fault:
        faults = [arrival.encoding_fault]
    if not faults and arrival.kind == PARQUET:
        faults = faults_of_names(source_of(arrival, contract).names, contract)
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
    is_part: bool = False,
) -> Reading:
    """Write the files that `split` names; raises DatasetRejected where the file cannot be read.

    The cut-off of a split by time is one of the whole dataset: a part's rows are all on the side of training.
    """
    duplicates = find_duplicates(engine, contract, arrival.size_bytes)
    sides = Sides(contract)
    if contract.split.by == "time" and not is_part:
        times = times_of(engine, contract, without_duplicates=duplicates > 0)
        sides = Sides(contract, cut_off(contract, *times))
    found = split(
        engine,
        contract,
        train=train,
        holdout=holdout,
        sides=sides,
        without_duplicates=duplicates > 0,
        every=every,
        note=note,
    )
    malformed, aside = engine.malformed(), len(arrival.account.aside)
    if engine.source.has_lines:
        _check_account(arrival.account, found.rows + malformed)
    bad = found.rows - found.good_rows + malformed + aside
    return Reading(
        counts=Counts(
            rows=found.rows + malformed + aside,
            bad=bad,
            train=found.train_rows,
            holdout=found.holdout_rows,
            gap=found.gap_rows,
        ),
        violations=tuple(find_violations(engine, contract, arrival) if bad else no_violations(engine)),
        figures=found.figures,
        sample=found.sample,
    )


def cut_off(contract: DatasetContract, values: Times, rows: RowCounts) -> float | None:
    """The last time of training; raises DatasetRejected where all rows are of one time."""
    found = cut_off_of(values, rows, contract.holdout_share)
    if found is None and len(values):
        detail = "all good rows are of one time, so none are later than the others"
        raise DatasetRejected([Fault(rule="time", detail=detail, column=contract.split.time)])
    return found


def _check_account(account: Account, rows: int) -> None:
    """Every line is told of, or the upload is refused: a row that another swallowed is in no figure."""
    if rows == account.rows:
        return
    detail = (
        f"of {account.lines:,} lines {account.rows:,} hold rows, and {rows:,} were read; quote each text "
        "that holds a delimiter, a quote or a line end, and double the quotes inside of it"
    )
    raise DatasetRejected([Fault(rule="lines", detail=detail)])
