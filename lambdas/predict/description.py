"""What a caller has to know of the model: its columns, with their rules, and the request's limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.dataset import Column
from contracts.feature_groups import serving
from contracts.pipeline_config import PipelineConfig


def model_document(config: PipelineConfig, stage: str) -> dict[str, Any]:
    """By pipeline.toml as it was deployed; a model that was trained before has the columns of that time."""
    dataset, front = config.dataset, config.front
    return {
        "pipeline": config.name,
        "stage": stage,
        "task": dataset.task,
        "target": dataset.target,
        **_entities(config, stage),
        "columns": [_column(column) for column in dataset.feature_columns],
        "limits": {"max_rows": front.max_rows, "max_body_bytes": front.max_body_bytes},
    }


def _entities(config: PipelineConfig, stage: str) -> dict[str, Any]:
    """The keys by which a row may name whom it is about, and the columns that it may then leave out."""
    columns = {column.name for column in config.dataset.feature_columns}
    found = [
        {
            "name": group.entity,
            "group": group.name,
            "version": group.version,
            "fills": [name for name in group.served if name in columns],
            "when_missing": group.when_missing,
        }
        for group in serving(config.feature_groups, stage)
    ]
    return {"entities": found} if found else {}


def _column(column: Column) -> dict[str, Any]:
    rules: Mapping[str, Any] = {
        "min": column.minimum,
        "max": column.maximum,
        "categories": list(column.categories) or None,
    }
    known = {name: value for name, value in rules.items() if value is not None}
    return {"name": column.name, "type": column.type, "nullable": column.nullable, **known}
