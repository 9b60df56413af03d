"""Columns that arrive as typed arrays (npy, V2 tensors) as the matrix that the model reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.errors import InvalidRequestError
from inference.formats.values import number_of, shown
from inference.model import FloatArray, InputColumn

Codes = Sequence[Mapping[str | None, float]]


def matrix_of_values(
    values: Sequence[npt.NDArray[Any]], columns: Sequence[InputColumn], codes: Codes
) -> FloatArray:
    """The matrix (n, columns) of one array (n,) a column; NaN and the empty text are missing.

    Raises InvalidRequestError naming row and column.
    """
    if not len(values[0]):
        raise InvalidRequestError("the body holds no row")
    filled = np.empty((len(values[0]), len(columns)))
    for position, (column, known) in enumerate(zip(columns, codes, strict=True)):
        filled[:, position] = _column(values[position], column, known)
    return filled


def _column(
    values: npt.NDArray[Any], column: InputColumn, codes: Mapping[str | None, float]
) -> FloatArray | list[float]:
    if values.dtype.kind in "fiu" and column.type in ("number", "integer"):
        numbers = values.astype(np.float64)
        infinite = np.flatnonzero(np.isinf(numbers))
        if len(infinite):
            row = int(infinite[0])
            raise InvalidRequestError(
                f"{shown(values[row].item())} is not a finite number", row=row + 1, column=column.name
            )
        return numbers
    return [
        number_of(_plain(value, row, column), column, codes, row)
        for row, value in enumerate(values.tolist(), start=1)
    ]


def _plain(value: Any, row: int, column: InputColumn) -> Any:
    """A text out of bytes; the empty text and NaN are missing."""
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidRequestError(f"{shown(value)} is not UTF-8", row=row, column=column.name) from error
    if value == "" or value != value:
        return None
    return value
