"""From a saved upload to the files of a dataset version, or to the reasons against it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts import layout
from contracts.pipeline_config import PipelineConfig
from lambdas.datasets import profile as profiles
from lambdas.datasets.checks.judging import Counts, check_learnable, check_rows
from lambdas.datasets.checks.violations import Violation, write_quarantine
from lambdas.datasets.engine import Engine
from lambdas.datasets.reading import check_form, read_rows
from lambdas.datasets.splitting import sampling_step
from lambdas.datasets.upload.arrival import Arrival
from lambdas.datasets.upload.sources import source_of

TRAIN, HOLDOUT, QUARANTINE = layout.TRAIN_FILE, layout.HOLDOUT_FILE, layout.QUARANTINE_FILE


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """An accepted upload: its files in `directory`, and what is known of them."""

    directory: Path
    profile: dict[str, Any]
    counts: Counts
    violations: tuple[Violation, ...]

    @property
    def rows(self) -> int:
        return self.counts.rows

    @property
    def train_rows(self) -> int:
        return self.counts.train

    @property
    def holdout_rows(self) -> int:
        return self.counts.holdout

    @property
    def quarantined_rows(self) -> int:
        return self.counts.bad


def directory_of(scratch: Path) -> Path:
    """Where `ingest` writes."""
    return scratch / "dataset"


def ingest(arrival: Arrival, config: PipelineConfig, scratch: Path) -> Dataset:
    """Check, split and profile; raises DatasetRejected. The rows that broke a rule are in the quarantine of
    `directory_of` even then."""
    check_form(arrival, config.dataset)
    engine = Engine(source_of(arrival, config.dataset), scratch)
    try:
        return _ingest(engine, arrival, config, directory_of(scratch))
    finally:
        engine.close()


def _ingest(engine: Engine, arrival: Arrival, config: PipelineConfig, directory: Path) -> Dataset:
    contract = config.dataset
    files = [directory / TRAIN, directory / HOLDOUT]
    reading = read_rows(
        engine,
        arrival,
        contract,
        train=files[0],
        holdout=files[1],
        every=sampling_step(arrival.size_bytes, arrival.head),
    )
    (directory / QUARANTINE).parent.mkdir(parents=True)
    if reading.counts.bad:
        write_quarantine(engine, directory / QUARANTINE)
    check_rows(contract, reading.counts, reading.violations)
    profile = profiles.profile(engine, contract, files, reading.figures, reading.sample)
    classes = profiles.classes(engine, contract.target, *files) if contract.task == "classification" else {}
    check_learnable(config, profile, reading.counts, classes)
    if not reading.counts.bad:
        write_quarantine(engine, directory / QUARANTINE)  # an accepted dataset has the file, if of no rows
    return Dataset(directory=directory, profile=profile, counts=reading.counts, violations=reading.violations)
