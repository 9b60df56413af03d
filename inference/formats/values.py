"""One value of a request as the number that the model reads, by its column's grammar (`contracts.values`).

All body formats come here for the unusual cases, so that each mistake is described in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contracts.hashing import TextHashing
from contracts.values import LARGEST_WHOLE, NUMERIC, ValueRefusedError
from inference.errors import InvalidRequestError
from inference.formats.shown import shown
from inference.model import UNKNOWN_CODE, FloatArray, InputColumn

# Per column, the code of each category that training knew, None being missing; or how its text is counted.
Code = Mapping[str | None, float] | TextHashing
Codes = Sequence[Code]


def width_of(codes: Code) -> int:
    """How many entries of a row a value becomes."""
    return codes.buckets if isinstance(codes, TextHashing) else 1


def entries_of(value: Any, column: InputColumn, codes: Code, row: int) -> Sequence[float]:
    """What a model reads for a value, as many numbers as `width_of` says; raises InvalidRequestError."""
    if isinstance(codes, TextHashing):
        return codes.counts(_accepted(value, column, row))
    return (number_of(value, column, codes, row),)


def _accepted(value: Any, column: InputColumn, row: int) -> Any:
    """A text by its column's grammar, None for a missing one."""
    try:
        return column.grammar.accept(value)
    except ValueRefusedError as error:
        raise InvalidRequestError(f"{shown(value)} is not {error}", row=row, column=column.name) from error


def number_of(value: Any, column: InputColumn, codes: Mapping[str | None, float], row: int) -> float:
    """A CSV field, or a value of JSON or an array; raises InvalidRequestError naming row and column."""
    try:
        if column.holds_texts:
            return codes.get(column.grammar.accept(value), UNKNOWN_CODE)  # type: ignore[arg-type]  # a text
        return column.grammar.number(value)
    except ValueRefusedError as error:
        hint = "; leave the field empty where the value is missing" if _is_number_word(value, column) else ""
        reason = f"{shown(value)} is not {error}{hint}"
        raise InvalidRequestError(reason, row=row, column=column.name) from error


def checked_numbers(numbers: FloatArray, column: InputColumn) -> tuple[FloatArray, int | None]:
    """Numbers (n,) of a column of numbers, with NaN for those that mean a missing value, and the position of
    the first that the column's grammar refuses."""
    markers = column.grammar.numeric_missing
    if markers:
        numbers = np.where(np.isin(numbers, list(markers)), np.nan, numbers)
    refused = np.isinf(numbers)
    if column.type == "integer":
        with np.errstate(invalid="ignore"):
            refused |= (np.abs(numbers) > LARGEST_WHOLE) | (
                (np.trunc(numbers) != numbers) & ~np.isnan(numbers)
            )
    first = np.flatnonzero(refused)
    return numbers, int(first[0]) if len(first) else None


def reads_as_numbers(column: InputColumn) -> bool:
    return column.type in NUMERIC


def _is_number_word(value: object, column: InputColumn) -> bool:
    """Whether a text means a number that is none, such as nan or 1e999."""
    if not isinstance(value, str) or not reads_as_numbers(column) or "_" in value:
        return False
    try:
        return not np.isfinite(float(value))
    except ValueError:
        return False
