"""From typed columns as Parquet keeps them to the arrays that a predictor takes.

Used where data is at hand as a table (training, evaluation); the request path has its own readers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class ColumnSpec(Protocol):
    """What a column says of itself, in the dataset contract and in a model alike."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...


class ArrowTable(Protocol):
    """The part of pyarrow.Table that is used here."""

    def column(self, name: str, /) -> Any: ...


def columns_of_table(table: ArrowTable, columns: Iterable[ColumnSpec]) -> dict[str, npt.NDArray[Any]]:
    """Arrays (n,) by name: float64 with NaN for a missing value, or texts with None of a category or text.

    Dates become days since 1970-01-01, timestamps seconds, booleans 0 and 1. Raises
    KeyError on a column that is not there.
    """
    return {column.name: column_values(table.column(column.name), column.type) for column in columns}


def column_values(values: Any, kind: str) -> npt.NDArray[Any]:
    """One pyarrow column as a predictor takes it."""
    if kind in ("category", "text"):
        return np.array([None if v is None else str(v) for v in values.to_pylist()], dtype=object)
    if kind == "date":
        days = np.array(values.to_pylist(), dtype="datetime64[D]")
        return np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(np.float64))
    if kind == "timestamp":
        moments = np.array(values.to_pylist(), dtype="datetime64[us]")
        return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)
    if values.null_count == 0:
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)
    return np.array([np.nan if v is None else v for v in values.to_pylist()], dtype=np.float64)
