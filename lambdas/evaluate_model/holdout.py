"""The rows that neither model has seen, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from contracts.dataset import DatasetContract
from inference.tables import column_values
from lambdas.evaluate_model.scores import Array, FloatArray

MAX_SLICES = 50
_QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """`columns` by name (n,); `target` holds values, or texts of a classification."""

    columns: Mapping[str, Array]
    target: Array

    def __len__(self) -> int:
        return len(self.target)

    @classmethod
    def read(cls, path: Path, contract: DatasetContract) -> Holdout:
        table = pq.read_table(path)
        columns = {
            column.name: column_values(table.column(column.name), column.type) for column in contract.columns
        }
        target = columns[contract.target]
        if contract.task == "classification":
            texts = [str(value) for value in table.column(contract.target).to_pylist()]
            target = np.array(texts, dtype=object)
        return cls(columns=columns, target=target)

    def slices(self, contract: DatasetContract) -> dict[str, npt.NDArray[np.bool_]]:
        """Masks (n,) by `column = value`, of the contract's slice and fairness columns."""
        found: dict[str, npt.NDArray[np.bool_]] = {}
        for name in dict.fromkeys((*contract.slices, *contract.fairness_groups)):
            values = self.columns[name]
            is_category = contract.column(name).type == "category"
            found.update(_by_value(name, values) if is_category else _by_quartile(name, values))
        return found


def _by_value(name: str, values: Array) -> dict[str, npt.NDArray[np.bool_]]:
    """The most frequent values; the rest is too thin to say anything."""
    texts = np.array(["(missing)" if value is None else value for value in values], dtype=object)
    found, counts = np.unique(texts, return_counts=True)
    common = found[np.argsort(-counts, kind="stable")][:MAX_SLICES]
    return {f"{name} = {value}": texts == value for value in common}


def _by_quartile(name: str, values: Array) -> dict[str, npt.NDArray[np.bool_]]:
    present = values[~np.isnan(values)]
    if not len(present):
        return {}
    cuts = [-np.inf, *np.unique(np.quantile(present, _QUARTILES)), np.inf]
    return {
        f"{name} in ({low:g}, {high:g}]": (values > low) & (values <= high) for low, high in pairwise(cuts)
    }


def class_positions(target: Array, classes: Sequence[str]) -> npt.NDArray[np.int64]:
    position = {name: index for index, name in enumerate(classes)}
    return np.array([position[name] for name in target], dtype=np.int64)


def baseline_answers(
    contract: DatasetContract, profile: Mapping[str, Any], target: Array, classes: Sequence[str]
) -> FloatArray:
    """What a model says that looks at no feature: the profile's mean, or each class's share of the rows."""
    if not classes:
        return np.full(len(target), float(profile["columns"][contract.target]["mean"]))
    found = profile["columns"][contract.target]
    shares = _class_shares(found, target, classes)
    return np.tile(shares, (len(target), 1))


def _class_shares(found: Mapping[str, Any], target: Array, classes: Sequence[str]) -> FloatArray:
    """From the profile where the target is a category; a number's or truth value's from the rows at hand."""
    counts = found.get("categories") or {name: int((target == name).sum()) for name in classes}
    shares = np.array([counts.get(name, 0) for name in classes], dtype=np.float64)
    return np.asarray(shares / shares.sum())
