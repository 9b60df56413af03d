"""Small uploads under a small contract, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts.pipeline_config import PipelineConfig
from lambdas.datasets.checks.faults import DatasetRejected
from lambdas.datasets.upload.arrival import save
from lambdas.ingest_data.ingestion import Dataset, ingest

COLUMNS: list[dict[str, Any]] = [
    {"name": "rooms", "type": "number", "min": 0.0, "max": 100.0},
    {"name": "income", "type": "number", "nullable": True},
    {"name": "place", "type": "category", "categories": ["INLAND", "NEAR BAY"]},
    {"name": "value", "type": "number"},
]
HEADER = "rooms,income,place,value"


def config(
    columns: Sequence[dict[str, Any]] = COLUMNS,
    folds: int = 2,
    split: dict[str, Any] | None = None,
    **dataset: Any,
) -> PipelineConfig:
    table = {
        "target": "value",
        "task": "regression",
        "min_rows": 10,
        "bad_row_tolerance_share": 0.1,
        "columns": list(columns),
        **dataset,
    }
    stage = {"strategy": "all_at_once"}
    return PipelineConfig.from_document(
        {
            "pipeline": {"name": "houses"},
            "dataset": table,
            "split": split or {},
            "training": {"estimator": "linear", "folds": folds},
            "deployment": {"dev": stage, "prod": stage},
        }
    )


def rows(count: int = 40) -> list[str]:
    places = ("INLAND", "NEAR BAY")
    return [f"{i % 90 + 1},{i / 10 + 1},{places[i % 2]},{1000 + i * 7}" for i in range(count)]


def csv_of(lines: Iterable[str], header: str = HEADER, end: str = "\n") -> bytes:
    return (end.join([header, *lines]) + end).encode()


def ingested(content: bytes, scratch: Path, settings: PipelineConfig | None = None) -> Dataset:
    pieces = [content[start : start + 1000] for start in range(0, len(content), 1000)]
    settings = settings or config()
    return ingest(save(pieces, scratch / "upload.csv", settings.dataset), settings, scratch)


def rejected(content: bytes, scratch: Path, settings: PipelineConfig | None = None) -> str:
    """The message that the uploader reads."""
    with pytest.raises(DatasetRejected) as caught:
        ingested(content, scratch, settings)
    message = str(caught.value)
    assert "Traceback" not in message
    assert "Error:" not in message
    return message
