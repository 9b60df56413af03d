"""application/x-npy, as the SageMaker SDK's NumpySerializer sends it: a matrix, or named fields."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.errors import InvalidRequestError
from inference.formats.shown import shown_list
from inference.formats.typed_columns import matrix_of_values
from inference.formats.values import Codes
from inference.model import FloatArray, InputColumn
from inference.model.npy import NpyError, read_array


def parse_npy(body: bytes, columns: Sequence[InputColumn], codes: Codes) -> FloatArray:
    """The matrix (n, columns) of an array (n, columns) or (columns,), or of an array of named fields."""
    try:
        array = read_array(body)
    except NpyError as error:
        raise InvalidRequestError(f"the body is not an npy array of rows: {error}") from error
    values = _matrix(array, columns) if array.dtype.names is None else _fields(array, columns)
    return matrix_of_values(values, columns, codes)


def write_npy(array: npt.NDArray[Any]) -> bytes:
    """Labels of text as fixed-width unicode, everything else as it is."""
    out = io.BytesIO()
    plain = np.array(array.tolist()) if array.dtype == object else array
    np.lib.format.write_array(out, plain, allow_pickle=False)
    return out.getvalue()


def _fields(array: npt.NDArray[Any], columns: Sequence[InputColumn]) -> list[npt.NDArray[Any]]:
    names = array.dtype.names or ()
    wanted = [column.name for column in columns]
    if set(names) != set(wanted) or array.ndim > 1:
        raise InvalidRequestError(
            f"the array has the fields {shown_list(list(names))} in {array.ndim} dimensions; "
            f"expected one dimension of {', '.join(wanted)}"
        )
    return [np.atleast_1d(array)[name] for name in wanted]


def _matrix(array: npt.NDArray[Any], columns: Sequence[InputColumn]) -> list[npt.NDArray[Any]]:
    rows = array[None, :] if array.ndim == 1 else array
    if rows.ndim != 2 or rows.shape[1] != len(columns):
        names = ", ".join(column.name for column in columns)
        raise InvalidRequestError(
            f"the array's shape is {array.shape}; expected (rows, {len(columns)}) for {names}"
        )
    return [rows[:, position] for position in range(len(columns))]
