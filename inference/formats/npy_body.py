"""application/x-npy, as the SageMaker SDK's NumpySerializer sends it: a matrix, or named fields.

The header is read by numpy, the elements are not: a header may promise more than was sent, and an array of
objects would be a pickle.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.errors import InvalidRequestError
from inference.formats.typed_columns import matrix_of_values
from inference.model import FloatArray, InputColumn

Codes = Sequence[Mapping[str | None, float]]
_LARGEST_HEADER = 10_000
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def parse_npy(body: bytes, columns: Sequence[InputColumn], codes: Codes) -> FloatArray:
    """The matrix (n, columns) of an array (n, columns) or (columns,), or of an array of named fields."""
    array = _read(body)
    values = _matrix(array, columns) if array.dtype.names is None else _fields(array, columns)
    return matrix_of_values(values, columns, codes)


def write_npy(array: npt.NDArray[Any]) -> bytes:
    """Labels of text as fixed-width unicode, everything else as it is."""
    out = io.BytesIO()
    plain = np.array(array.tolist()) if array.dtype == object else array
    np.lib.format.write_array(out, plain, allow_pickle=False)
    return out.getvalue()


def _read(body: bytes) -> npt.NDArray[Any]:
    stream = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise ValueError(f"version {version[0]}.{version[1]} of the format is not read here")
        with warnings.catch_warnings(action="ignore"):  # Python's parser warns of odd literals
            shape, fortran, dtype = _HEADERS[version](stream, max_header_size=_LARGEST_HEADER)
    except Exception as error:  # numpy lets through whatever Python's tokenizer and parser raise
        raise InvalidRequestError(f"the body is not an npy array: {str(error)[:200]}") from error
    if dtype.hasobject:
        raise InvalidRequestError(f"an array of {dtype} would have to be unpickled; send numbers or text")
    wanted, found = math.prod(shape) * dtype.itemsize, len(body) - stream.tell()
    if wanted != found or not dtype.itemsize:
        raise InvalidRequestError(f"shape {shape} of {dtype} takes {wanted} bytes, and {found} were sent")
    array = np.frombuffer(body, dtype, offset=stream.tell())
    return array.reshape(shape, order="F" if fortran else "C")


def _fields(array: npt.NDArray[Any], columns: Sequence[InputColumn]) -> list[npt.NDArray[Any]]:
    names = array.dtype.names or ()
    wanted = [column.name for column in columns]
    if set(names) != set(wanted) or array.ndim > 1:
        raise InvalidRequestError(
            f"the array has the fields {', '.join(names)} in {array.ndim} dimensions; "
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
