"""The rows that a job trains on, and the configuration that came with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.dataset import DatasetContract
from contracts.pipeline_config import PipelineConfig
from contracts.split import FOLD_COLUMN
from inference.formats.tables import column_values, columns_of_table
from training_jobs.errors import DatasetError, InputError

CONTRACT_FILE = "contract.json"


@dataclass(frozen=True)
class Dataset:
    """Features (n rows, one column per feature of the contract) and the target (n,). Rows of one of `keys`
    (n,) stay together in a cross-validation; of a split by time they are the times. `weights` (n,) say how
    much each row counts, None that all count alike."""

    features: pd.DataFrame
    target: npt.NDArray[Any]
    keys: npt.NDArray[Any] | None = None
    weights: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: npt.NDArray[np.intp]) -> Dataset:
        keys = None if self.keys is None else self.keys[rows]
        weights = None if self.weights is None else self.weights[rows]
        return Dataset(self.features.iloc[rows], self.target[rows], keys, weights)


def read_config(channel: Path) -> PipelineConfig:
    """The configuration under which the dataset was accepted."""
    path = channel / CONTRACT_FILE
    try:
        return PipelineConfig.from_document(json.loads(path.read_text(encoding="utf-8")), source=path.name)
    except FileNotFoundError as error:
        raise InputError(f"the contract channel has no {CONTRACT_FILE} ({path})") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: is not valid JSON: {error}") from error


def read_dataset(channel: Path, contract: DatasetContract, folds: int) -> Dataset:
    """All Parquet files of the channel as one table; raises DatasetError where nothing can be learnt."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted(channel.rglob("*.parquet"))
    if not files:
        raise InputError(f"the train channel holds no Parquet file ({channel})")
    table = pa.concat_tables([pq.read_table(file) for file in files])
    lacking = [c.name for c in contract.columns if c.name not in table.column_names]
    if lacking:
        raise DatasetError(f"the training data lack the columns {', '.join(map(repr, lacking))}")
    features = pd.DataFrame(columns_of_table(table, contract.feature_columns))
    keys = table.column(FOLD_COLUMN).to_numpy() if FOLD_COLUMN in table.column_names else None
    weights = column_values(table.column(contract.weight), "number") if contract.weight else None
    dataset = Dataset(features, _target(table, contract), keys, weights)
    _check(dataset, contract, folds)
    return dataset


def _target(table: Any, contract: DatasetContract) -> npt.NDArray[Any]:
    column = contract.column(contract.target)
    if contract.task == "regression":
        return column_values(table.column(column.name), column.type)
    return np.array(table.column(column.name).to_pylist())


def _check(dataset: Dataset, contract: DatasetContract, folds: int) -> None:
    if len(dataset) < folds:
        raise DatasetError(f"{len(dataset)} training rows cannot be split into {folds} folds")
    if dataset.weights is not None and not dataset.weights.any():
        raise DatasetError(f"the weight {contract.weight!r} is 0 in every training row")
    classes, counts = np.unique(dataset.target, return_counts=True)
    if len(classes) < 2:
        raise DatasetError(
            f"the target {contract.target!r} is always {classes[0]}; there is nothing to learn"
        )
    if contract.task == "classification" and counts.min() < folds:
        rare = classes[counts.argmin()].item()
        raise DatasetError(
            f"class {rare!r} of target {contract.target!r} has {counts.min()} training rows, "
            f"fewer than the {folds} folds"
        )
