"""Ingests the drafted file by its own draft, as the pipeline will: no draft that its own file breaks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.pipeline_config import PipelineConfig
from lambdas.datasets.checks.faults import DatasetRejected, Fault
from lambdas.datasets.upload.arrival import receive
from lambdas.ingest_data.ingestion import ingest
from operations.draft.opening import upload_name

_CHUNK_BYTES = 1 << 22


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What ingestion made of the file: its rows, or its faults."""

    rows: int = 0
    train_rows: int = 0
    holdout_rows: int = 0
    set_aside: int = 0
    faults: tuple[Fault, ...] = ()

    def values_of(self, rule: str) -> set[str]:
        """What the faults of this rule name in quotes."""
        quoted = (fault.detail.split("'") for fault in self.faults if fault.rule == rule)
        return {parts[1] for parts in quoted if len(parts) > 2}


def try_out(file: Path, config: PipelineConfig) -> Trial:
    with tempfile.TemporaryDirectory(prefix="draft-") as scratch:
        try:
            arrival = receive(_chunks(file), _key(file), Path(scratch), config.dataset)
            dataset = ingest(arrival, config, Path(scratch))
        except DatasetRejected as rejected:
            return Trial(faults=rejected.faults)
    return Trial(
        rows=dataset.rows,
        train_rows=dataset.train_rows,
        holdout_rows=dataset.holdout_rows,
        set_aside=dataset.quarantined_rows,
    )


def _key(file: Path) -> str:
    """A name by what the file is, as it has to be uploaded: ingestion goes by the name."""
    with file.open("rb") as stream:
        return upload_name(file.name, stream.read(4))


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk
