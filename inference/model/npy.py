"""One array in numpy's own format, read without trusting its header.

The header is numpy's to read and the elements are not: a header may promise more than there is, name a type
that is a pickle, or a shape that no array can have. Source: numpy.lib.format's documentation (NEP 1).
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

_LARGEST_HEADER = 10_000
_MOST_DIMENSIONS = 2
_LARGEST_SIZE = 1 << 62
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class NpyError(ValueError):
    """The bytes are no array that is read here; the message says why."""


def read_array(data: bytes) -> npt.NDArray[Any]:
    """An array of at most two dimensions, of numbers, booleans, texts or named fields of these.

    It is read-only and lies on `data`. Raises NpyError.
    """
    shape, fortran, dtype, at = _read_header(data)
    if len(shape) > _MOST_DIMENSIONS:
        raise NpyError(f"the array has {len(shape)} dimensions; at most {_MOST_DIMENSIONS} are read")
    if not all(type(size) is int and 0 <= size < _LARGEST_SIZE for size in shape):
        raise NpyError("the shape is not a tuple of whole sizes from 0")
    _check_type(dtype)
    wanted, found = dtype.itemsize, len(data) - at
    for size in shape:
        wanted *= size
    if wanted != found:
        raise NpyError(f"shape {shape} of {str(dtype)[:100]} takes {wanted} bytes, and {found} were sent")
    return np.frombuffer(data, dtype, offset=at).reshape(shape, order="F" if fortran else "C")


def _read_header(data: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order, type, and where the elements begin."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise NpyError(f"version {version[0]}.{version[1]} of the npy format is not read here")
        with warnings.catch_warnings(action="ignore"):  # Python's parser warns of odd literals
            shape, fortran, dtype = _HEADERS[version](stream, max_header_size=_LARGEST_HEADER)
    except NpyError:
        raise
    except (Exception, MemoryError) as error:  # numpy lets through whatever Python's parser raises
        raise NpyError(f"its header cannot be read ({type(error).__name__}: {str(error)[:120]})") from error
    return shape, bool(fortran), dtype, stream.tell()


def _check_type(dtype: np.dtype[Any]) -> None:
    if dtype.hasobject:
        raise NpyError(f"an array of {str(dtype)[:100]} would have to be unpickled; send numbers or text")
    parts = [dtype] if dtype.fields is None else [field[0] for field in dtype.fields.values()]
    for part in parts:
        if part.subdtype is not None or part.fields is not None:
            raise NpyError("fields that hold arrays or fields of their own are not read; send one value each")
        if part.kind not in "biufSU" or not part.itemsize:
            raise NpyError(f"elements of type {part.str} are not read; send numbers, booleans or text")
