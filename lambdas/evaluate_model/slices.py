"""Parts of the holdout that are judged on their own. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from contracts.dataset import DatasetContract
from lambdas.evaluate_model.numbers import span, value_of
from scoring.figures import Array

MAX_VALUES = 50
# A number with no more values than this is taken value by value, else in quarters.
_FEW = 10
_QUARTERS = (0.25, 0.5, 0.75)
MISSING = "(missing)"


@dataclass(frozen=True)
class Slice:
    """The rows (a mask) where a column has one value, or one range of values."""

    column: str
    value: str
    rows: npt.NDArray[np.bool_]

    @property
    def name(self) -> str:
        return f"{self.column} = {self.value}"

    @property
    def size(self) -> int:
        return int(self.rows.sum())


def slices_of(columns: Mapping[str, Array], contract: DatasetContract) -> list[Slice]:
    """Of the contract's slice and fairness columns, larger slices first within each column."""
    found: list[Slice] = []
    for name in dict.fromkeys((*contract.slices, *contract.fairness_groups)):
        of_column = list(_slices(name, columns[name], contract.column(name).type))
        found += sorted(of_column, key=lambda s: -s.size)[:MAX_VALUES]
    return found


def _slices(name: str, values: Array, kind: str) -> Iterator[Slice]:
    if kind == "category":
        texts = np.array([MISSING if value is None else str(value) for value in values], dtype=object)
        yield from (Slice(name, str(value), texts == value) for value in np.unique(texts))
        return
    missing = np.isnan(values)
    if missing.any():
        yield Slice(name, MISSING, missing)
    distinct = np.unique(values[~missing])
    if len(distinct) <= _FEW:
        yield from (Slice(name, value_of(kind, float(value)), values == value) for value in distinct)
        return
    cuts = [-np.inf, *np.unique(np.quantile(values[~missing], _QUARTERS)), np.inf]
    for low, high in pairwise(cuts):
        yield Slice(name, span(low, high, kind), (values > low) & (values <= high))
