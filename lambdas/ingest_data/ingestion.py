"""From a saved upload to the files of a dataset version, or to the reasons against it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.dataset import DatasetContract
from contracts.pipeline_config import PipelineConfig
from lambdas.ingest_data import profile as profiles
from lambdas.ingest_data.arrival import Arrival
from lambdas.ingest_data.engine import Engine
from lambdas.ingest_data.faults import DatasetRejected, Fault, shown
from lambdas.ingest_data.formats import CSV, PARQUET
from lambdas.ingest_data.header import faults_of_head, faults_of_names
from lambdas.ingest_data.rules import explanation
from lambdas.ingest_data.sources import MAX_MALFORMED, source_of
from lambdas.ingest_data.splitting import Split, sampling_step, split
from lambdas.ingest_data.violations import (
    Violation,
    find_duplicates,
    find_violations,
    no_violations,
    write_quarantine,
)

VERSION_LENGTH = 20
TRAIN, HOLDOUT, QUARANTINE = "train/train.parquet", "holdout/holdout.parquet", "quarantine/quarantine.parquet"


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """An accepted upload: its files in `directory`, and what is known of them."""

    directory: Path
    profile: dict[str, Any]
    rows: int
    train_rows: int
    holdout_rows: int
    quarantined_rows: int
    violations: tuple[Violation, ...]


def version_of(content_sha256: str, contract_hash: str) -> str:
    """The dataset's name: the same bytes under the same contract are the same dataset."""
    return hashlib.sha256(f"{content_sha256} {contract_hash}".encode()).hexdigest()[:VERSION_LENGTH]


def ingest(arrival: Arrival, config: PipelineConfig, scratch: Path) -> Dataset:
    """Check, split and profile; raises DatasetRejected."""
    faults = faults_of_head(arrival.head, config.dataset) if arrival.kind == CSV else []
    if not faults and arrival.encoding_fault:
        faults = [arrival.encoding_fault]
    if not faults and arrival.kind == PARQUET:
        faults = faults_of_names(source_of(arrival).names, config.dataset)
    if faults:
        raise DatasetRejected(faults)
    engine = Engine(source_of(arrival), scratch)
    try:
        return _ingest(engine, arrival, config, scratch / "dataset")
    finally:
        engine.close()


def _ingest(engine: Engine, arrival: Arrival, config: PipelineConfig, directory: Path) -> Dataset:
    contract = config.dataset
    files = [directory / TRAIN, directory / HOLDOUT]
    duplicates = find_duplicates(engine, contract)
    found = split(
        engine,
        contract,
        train=files[0],
        holdout=files[1],
        without_duplicates=duplicates > 0,
        every=sampling_step(arrival.size_bytes, arrival.head),
    )
    malformed = engine.malformed()
    rows, bad = found.rows + malformed, found.rows - found.good_rows + malformed
    violations = find_violations(engine, contract, arrival) if bad else no_violations(engine)
    _check_rows(contract, rows, bad, violations)
    (directory / QUARANTINE).parent.mkdir(parents=True)
    write_quarantine(engine, directory / QUARANTINE)
    profile = profiles.profile(engine, contract, files, found.sample)
    _check_learnable(engine, config, profile, found, files)
    return Dataset(
        directory=directory,
        profile=profile,
        rows=rows,
        train_rows=found.train_rows,
        holdout_rows=found.holdout_rows,
        quarantined_rows=bad,
        violations=tuple(violations),
    )


def _check_rows(contract: DatasetContract, rows: int, bad: int, violations: Sequence[Violation]) -> None:
    if rows == 0:
        raise DatasetRejected([Fault(rule="rows", detail="the file has a header and no rows")])
    if bad > contract.bad_row_tolerance_share * rows:
        raise DatasetRejected([_tolerance(contract, rows, bad), *(_fault(contract, v) for v in violations)])
    if rows - bad < contract.min_rows:
        detail = f"{rows - bad:,} good rows are too few: the contract demands {contract.min_rows:,}"
        raise DatasetRejected([Fault(rule="rows", detail=detail)])


def _tolerance(contract: DatasetContract, rows: int, bad: int) -> Fault:
    detail = (
        f"{bad:,} of {rows:,} rows break the contract, which tolerates "
        f"{contract.bad_row_tolerance_share:.4g} of them"
    )
    return Fault(rule="bad rows", detail=detail)


def _fault(contract: DatasetContract, violation: Violation) -> Fault:
    if violation.rule == "csv":
        many = "at least " if violation.count >= MAX_MALFORMED else ""
        detail = f"{many}{violation.count:,} rows are malformed: {shown(violation.value)}"
        return Fault(rule="csv", detail=detail, line=violation.line, count=violation.count)
    named = [column for column in contract.columns if column.name == violation.column]
    detail = explanation(named[0], violation.rule) if named else "the values that identify a row occur again"
    if violation.rule != "missing":
        detail += f": {shown(violation.value)}"
    if violation.rule == "type" and _has_decimal_comma(violation.value):
        detail += "; write decimals with a point"
    return Fault(
        rule=violation.rule,
        detail=detail,
        column=violation.column,
        line=violation.line,
        count=violation.count,
    )


def _has_decimal_comma(value: str) -> bool:
    whole, comma, fraction = value.strip().lstrip("+-").partition(",")
    return bool(comma) and whole.replace(".", "").isdigit() and fraction.isdigit()


def _check_learnable(
    engine: Engine, config: PipelineConfig, profile: dict[str, Any], found: Split, files: Sequence[Path]
) -> None:
    """Sound rows can still be nothing to learn from."""
    contract, folds = config.dataset, config.training.folds
    faults = [
        Fault(rule="empty column", detail="no row has a value", column=name)
        for name, figures in profile["columns"].items()
        if figures["count"] == 0
    ]
    if found.train_rows < 2 * folds or found.holdout_rows < 2:
        detail = (
            f"{found.train_rows:,} training and {found.holdout_rows:,} holdout rows are too few "
            f"for {folds} folds"
        )
        faults.append(Fault(rule="rows", detail=detail))
    if contract.task == "classification":
        faults += _class_faults(profiles.classes(engine, contract.target, *files), contract.target, folds)
    elif profile["columns"][contract.target]["min"] == profile["columns"][contract.target]["max"]:
        faults.append(_constant(contract.target, str(profile["columns"][contract.target]["min"])))
    if faults:
        raise DatasetRejected(faults)


def _constant(target: str, value: str) -> Fault:
    detail = f"the target is always {shown(value)}, so there is nothing to learn"
    return Fault(rule="constant target", detail=detail, column=target)


def _class_faults(counts: dict[str, tuple[int, int]], target: str, folds: int) -> list[Fault]:
    if len(counts) < 2:
        return [_constant(target, next(iter(counts), ""))]
    rare = {value: train for value, (train, _) in counts.items() if train < folds}
    faults = [
        Fault(
            rule="rare class",
            detail=f"class {shown(value)} has {train} training rows, fewer than the {folds} folds",
            column=target,
        )
        for value, train in rare.items()
    ]
    if sum(holdout > 0 for _, holdout in counts.values()) < 2:
        faults.append(Fault(rule="holdout", detail="fewer than two classes are in it", column=target))
    return faults
