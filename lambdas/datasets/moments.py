"""Exact figures of each column, taken batch by batch as rows are written: none is read again. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.dataset import Column, DatasetContract

MOMENTS = ("min", "max", "mean", "standard_deviation")
Values: TypeAlias = pa.Array | pa.ChunkedArray


class Figures:
    """Of the rows that it is told of. The same batches in the same order have the same figures."""

    def __init__(self, contract: DatasetContract) -> None:
        self._columns = contract.columns
        self._batches: list[list[dict[str, Any]]] = [[] for _ in self._columns]

    def note(self, batch: pa.RecordBatch) -> None:
        for column, found in zip(self._columns, self._batches, strict=True):
            found.append(figures_of(column, batch.column(column.name)))

    def merged(self) -> dict[str, dict[str, Any]]:
        """By column: count, missing, and but for categories the moments, which are None of no value."""
        return {
            column.name: merged_figures(column, found)
            for column, found in zip(self._columns, self._batches, strict=True)
        }


def figures_of(column: Column, values: Values) -> dict[str, Any]:
    found: dict[str, Any] = {"count": len(values) - values.null_count, "missing": values.null_count}
    if column.type == "category":
        return found
    present = numbers_of(column, values)
    if not len(present):
        return found | dict.fromkeys(MOMENTS)
    low, high = float(present.min()), float(present.max())
    # Squares of numbers past 1e154 are more than a float64 holds.
    scale = max(-low, high) if max(-low, high) > 1e100 else 1.0
    scaled = present if scale == 1.0 else present / scale
    mean = float(scaled.mean())
    deviation = math.sqrt(float(((scaled - mean) ** 2).mean()))
    return found | {"min": low, "max": high, "mean": mean * scale, "standard_deviation": deviation * scale}


def numbers_of(column: Column, values: Values) -> npt.NDArray[np.float64]:
    """The values that are there (n,): days of dates, seconds of timestamps, 0 and 1; a text has none."""
    if column.type == "text":
        return np.empty(0)
    present = values.drop_null() if values.null_count else values
    if column.type == "timestamp":
        return np.asarray(present.cast(pa.int64()).to_numpy(), dtype=np.float64) / 1e6
    if column.type == "date":
        present = present.cast(pa.int32())
    return np.asarray(present.to_numpy(zero_copy_only=False), dtype=np.float64)


def merged_figures(column: Column, figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the parts' figures those of the whole; moments as Chan, Golub and LeVeque combine them (1983)."""
    counted = {name: sum(f[name] for f in figures) for name in ("count", "missing")}
    if column.type == "category":
        return counted
    # A text has values and no moments.
    present = [f for f in figures if f["count"] and f["mean"] is not None]
    if not present:
        return {**counted, **dict.fromkeys(MOMENTS)}
    shares = [f["count"] / counted["count"] for f in present]
    mean = math.fsum(f["mean"] * share for f, share in zip(present, shares, strict=True))
    apart: list[float] = []
    for f, root in zip(present, map(math.sqrt, shares), strict=True):
        apart += (root * f["standard_deviation"], root * f["mean"] - root * mean)
    return {
        **counted,
        "min": min(f["min"] for f in present),
        "max": max(f["max"] for f in present),
        "mean": mean,
        "standard_deviation": math.hypot(*apart),
    }
