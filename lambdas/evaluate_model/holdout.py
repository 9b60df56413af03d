"""The rows that neither model has seen, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.dataset import DatasetContract
from contracts.errors import EvaluationError
from contracts.split import FOLD_COLUMN
from inference.formats.tables import column_values, columns_of_table
from scoring.figures import Array

# Rows times columns: 400,000 rows of ten columns, enough to tell models apart by a thousandth, and few enough
# for a Lambda's memory.
MAX_CELLS = 4_000_000
_MIN_ROWS = 5_000
SEED = 20_240_229


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """`columns` by name (n,); `target` (n,) holds values, or texts of a classification. `stored` counts the
    rows of the files; where they are more than memory holds, those here are a sample. `table` holds the same
    rows as they were stored, to be told apart by what identifies them."""

    columns: Mapping[str, Array]
    target: Array
    stored: int
    table: pa.Table

    def __len__(self) -> int:
        return len(self.target)

    def only(self, rows: npt.NDArray[np.bool_]) -> Holdout:
        """The chosen rows (a mask) alone."""
        return Holdout(
            columns={name: values[rows] for name, values in self.columns.items()},
            target=self.target[rows],
            stored=self.stored,
            table=self.table.filter(pa.array(rows)),
        )


def read_holdout(paths: Sequence[Path], contract: DatasetContract, max_cells: int = MAX_CELLS) -> Holdout:
    """All files as one; raises EvaluationError where these rows can judge no model."""
    names = [column.name for column in contract.columns]
    if contract.split.by == "position":
        names.append(FOLD_COLUMN)
    wanted = max(_MIN_ROWS, max_cells // len(names))
    try:
        stored = sum(_rows(path, names) for path in paths)
        if stored <= wanted:
            table = pa.concat_tables([pq.read_table(path, columns=names) for path in paths])
        else:
            table = _sample(paths, names, stored, wanted)
    except pa.ArrowException as error:
        raise EvaluationError(f"the holdout is no sound Parquet file: {error}") from error
    if stored == 0:
        raise EvaluationError("the holdout has no rows")
    columns = columns_of_table(table, contract.columns)
    return Holdout(columns=columns, target=_target(table, contract), stored=stored, table=table)


def _rows(path: Path, names: Sequence[str]) -> int:
    with pq.ParquetFile(path) as file:
        if lacking := [name for name in names if name not in file.schema_arrow.names]:
            raise EvaluationError(f"the holdout lacks the columns {', '.join(map(repr, lacking))}")
        return int(file.metadata.num_rows)


def _sample(paths: Sequence[Path], names: Sequence[str], stored: int, wanted: int) -> pa.Table:
    """The same rows each time, however many files they lie in; batch by batch, so that the rest is never in
    memory together."""
    chosen = np.zeros(stored, dtype=bool)
    chosen[np.random.default_rng(SEED).choice(stored, wanted, replace=False)] = True
    kept, start = [], 0
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=list(names)):
                kept.append(batch.filter(pa.array(chosen[start : start + len(batch)])))
                start += len(batch)
    return pa.Table.from_batches(kept)


def _target(table: pa.Table, contract: DatasetContract) -> Array:
    values = table.column(contract.target)
    if values.null_count:
        raise EvaluationError(f"{values.null_count:,} rows of the holdout have no {contract.target!r}")
    if contract.task == "classification":
        return np.array([str(value) for value in values.to_pylist()], dtype=object)
    target = column_values(values, contract.column(contract.target).type)
    if not np.isfinite(target).all():
        raise EvaluationError(f"the holdout has values of {contract.target!r} that are not finite")
    return target


def positions(target: Array, classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Where each row's class is among the classes (n,)."""
    place: dict[Any, int] = {name: index for index, name in enumerate(classes)}
    return np.array([place[name] for name in target.tolist()], dtype=np.int64)
