"""Columns that arrive as typed arrays (npy, V2 tensors) as the matrix that the model reads."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.hashing import TextHashing
from inference.errors import InvalidRequestError
from inference.formats.limits import check_entries
from inference.formats.shown import shown
from inference.formats.values import (
    Codes,
    checked_numbers,
    entries_of,
    number_of,
    reads_as_numbers,
    width_of,
)
from inference.model import FloatArray, InputColumn

# Values that are Python objects at a time: a text of one character takes 50 bytes as one.
_VALUES_TOGETHER = 4096


def matrix_of_values(
    values: Sequence[npt.NDArray[Any]], columns: Sequence[InputColumn], codes: Codes
) -> FloatArray:
    """The matrix (n, entries) of one array (n,) a column; NaN and the empty text are missing.

    Raises InvalidRequestError naming row and column.
    """
    if not len(values[0]):
        raise InvalidRequestError("the body holds no row")
    width = sum(map(width_of, codes))
    check_entries(len(values[0]), width, len(columns))
    filled = np.empty((len(values[0]), width))
    at = 0
    for given, column, known in zip(values, columns, codes, strict=True):
        if isinstance(known, TextHashing):
            _fill_texts(filled[:, at : at + known.buckets], given, column, known)
        else:
            filled[:, at] = _column(given, column, known)
        at += width_of(known)
    return filled


def _fill_texts(
    filled: FloatArray, values: npt.NDArray[Any], column: InputColumn, hashing: TextHashing
) -> None:
    """The counts (n, buckets) of texts (n,)."""
    for first in range(0, len(values), _VALUES_TOGETHER):
        part = _python_values(values[first : first + _VALUES_TOGETHER], first, column)
        for row, value in enumerate(part, start=first + 1):
            filled[row - 1] = entries_of(_plain(value, row, column), column, hashing, row)


def _column(values: npt.NDArray[Any], column: InputColumn, codes: Mapping[str | None, float]) -> FloatArray:
    if values.dtype.kind in "fiu" and reads_as_numbers(column):
        return _numbers(values, column)
    filled = np.empty(len(values))
    for first in range(0, len(values), _VALUES_TOGETHER):
        part = _python_values(values[first : first + _VALUES_TOGETHER], first, column)
        filled[first : first + len(part)] = [
            number_of(_plain(value, row, column), column, codes, row)
            for row, value in enumerate(part, start=first + 1)
        ]
    return filled


def _numbers(values: npt.NDArray[Any], column: InputColumn) -> FloatArray:
    with np.errstate(over="ignore"):
        numbers = values.astype(np.float64)
    numbers, refused = checked_numbers(numbers, column)
    if refused is not None:
        reason = f"{shown(values[refused].item())} is not {column.grammar.expected}"
        raise InvalidRequestError(reason, row=refused + 1, column=column.name)
    return numbers


def _python_values(values: npt.NDArray[Any], first: int, column: InputColumn) -> list[Any]:
    if values.dtype.kind == "U":
        points = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("=")).view(np.uint32)
        if (points > sys.maxunicode).any():
            width = len(points) // len(values)
            row = first + 1 + int(np.flatnonzero(points > sys.maxunicode)[0]) // width
            raise InvalidRequestError("holds what is no Unicode character", row=row, column=column.name)
    return list(values.tolist())


def _plain(value: Any, row: int, column: InputColumn) -> Any:
    """A text out of bytes."""
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidRequestError(f"{shown(value)} is not UTF-8", row=row, column=column.name) from error
    return value
