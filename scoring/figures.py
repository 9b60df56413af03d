"""A figure is a function from weights (r, rows) to values (r,). Pure.

Weights say how often each row counts, so one definition serves all rows (ones), a slice (ones on its rows), a
bootstrap (how often each row was drawn) and rows that weigh unequally. A figure that its rows cannot give
(the area under the curve of a single class) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]
Figure = Callable[[FloatArray], FloatArray]


def overall(figure: Figure, rows: int, weights: FloatArray | None = None) -> float:
    """The figure of all rows, each counting once or by its weight (rows,)."""
    return float(figure(np.ones((1, rows)) if weights is None else weights[np.newaxis])[0])


def on_rows(figure: Figure, chosen: npt.NDArray[np.bool_]) -> float:
    """The figure of the chosen rows (a mask) alone."""
    return float(figure(chosen[np.newaxis].astype(np.float64))[0])


def weighted(figure: Figure, row_weights: FloatArray) -> Figure:
    """The same figure where each row weighs `row_weights` (rows,) whenever it counts."""
    return lambda weights: figure(weights * row_weights)


def mean(weights: FloatArray, values: FloatArray) -> FloatArray:
    """The weighted mean of values (rows,) for each row of weights."""
    return ratio(weights @ values, weights.sum(axis=1))


def ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """NaN where there is nothing to divide by."""
    return np.asarray(np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0))


def mean_of_known(columns: list[FloatArray]) -> FloatArray:
    """The mean over the columns (r,), leaving out what is NaN."""
    table = np.array(columns)
    known = ~np.isnan(table)
    return ratio(np.where(known, table, 0.0).sum(axis=0), known.sum(axis=0).astype(np.float64))
