"""Columns that give the answer away: one of them, or the sum or difference of two, explains the target."""
# ruff: noqa: S608 - SQL is made of column numbers and quoted marks

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import duckdb
import numpy as np
import numpy.typing as npt

from contracts import spellings as grammar
from operations.draft.kinds import Kind
from operations.draft.profile import ColumnProfile

Floats = npt.NDArray[np.float64]

_SAMPLE_ROWS = 20_000
_MIN_ROWS = 30
_MAX_SINGLE, _MAX_PAIRED = 400, 60
_CORRELATION = 0.9995
_EXACT_SHARE = 0.99
_STRAY_SHARE = 0.002
_MIN_CLASS_ROWS = 5


@dataclass(frozen=True, kw_only=True)
class Leak:
    """The columns that together explain the target, and how."""

    columns: tuple[str, ...]
    how: str


def leaks_of(
    engine: duckdb.DuckDBPyConnection,
    features: Sequence[tuple[ColumnProfile, Kind]],
    target: tuple[ColumnProfile, Kind],
    decimal: str,
    *,
    of_classes: bool,
) -> list[Leak]:
    """Asked of a sample of rows; nothing of fewer than 30."""
    numeric = [pair for pair in features if pair[1].type in ("number", "integer", "boolean")][:_MAX_SINGLE]
    worded = [pair for pair in features if "categories" in pair[1].keys][:_MAX_SINGLE]
    answers = _column(engine, *target, decimal, as_codes=of_classes)
    if len(answers) < _MIN_ROWS:
        return []
    columns = {c.name: _column(engine, c, kind, decimal) for c, kind in numeric}
    codes = {c.name: _column(engine, c, kind, decimal, as_codes=True) for c, kind in worded}
    if of_classes:
        return [
            Leak(columns=(name,), how="tells the classes apart by itself")
            for name, values in {**columns, **codes}.items()
            if _separates(values, answers)
        ]
    found = [
        Leak(columns=(name,), how="explains the target by itself")
        for name, values in columns.items()
        if _explains(values, answers)
    ]
    known = {name for leak in found for name in leak.columns}
    rest = {name: values for name, values in columns.items() if name not in known}
    return found + _pairs(dict(list(rest.items())[:_MAX_PAIRED]), answers)


def _column(
    engine: duckdb.DuckDBPyConnection,
    column: ColumnProfile,
    kind: Kind,
    decimal: str,
    *,
    as_codes: bool = False,
) -> Floats:
    """The column's values in the sample, NaN where one is missing; texts as the numbers of their kind."""
    value = f"trim(c{column.index})"
    if as_codes:
        sql = f"hash(nullif({value}, '')) % 1000003"
    elif kind.type == "boolean":
        true = ", ".join(_quoted(text) for text, truth in grammar.TRUTH.items() if truth)
        sql = f"CASE WHEN lower({value}) IN ({true}) THEN 1 ELSE 0 END"
    else:
        marks = grammar.marks_of(decimal, kind.keys.get("thousands", ""), kind.keys.get("unit", ""))
        for mark, plain in marks if set(kind.keys) & {"thousands", "unit"} or decimal != "." else ():
            value = f"replace({value}, {_quoted(mark)}, {_quoted(plain)})"
        sql = f"TRY_CAST({value} AS DOUBLE)"
    step = max(1, column.rows // _SAMPLE_ROWS)
    found = engine.execute(
        f"SELECT ({sql})::DOUBLE AS x FROM cells WHERE row % {step} = 0 ORDER BY row"
    ).fetchnumpy()["x"]
    return np.asarray(np.ma.filled(np.ma.asarray(found, dtype=np.float64), np.nan), dtype=np.float64)


def _explains(values: Floats, answers: Floats) -> bool:
    """Whether the two rise or fall together, straight or by rank."""
    both = np.isfinite(values) & np.isfinite(answers)
    if both.sum() < max(_MIN_ROWS, len(answers) // 2):
        return False
    x, y = values[both], answers[both]
    if len(np.unique(x)) < 10:
        return False
    return max(_correlation(x, y), _correlation(_ranks(x), _ranks(y))) >= _CORRELATION


def _correlation(x: Floats, y: Floats) -> float:
    # The largest magnitude is 1 first, so that no square of a huge number overflows.
    x, y = (values / (float(np.abs(values).max()) or 1.0) for values in (x, y))
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return abs(float(x @ y)) / scale if scale > 0 else 0.0


def _ranks(values: Floats) -> Floats:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - counts / 2)[places].astype(np.float64)


def _pairs(columns: dict[str, Floats], answers: Floats) -> list[Leak]:
    """Sums and differences of two that are the target itself, of nearly all rows."""
    finite = answers[np.isfinite(answers)]
    scale = float(finite.std()) if len(finite) else 1.0
    scale = scale or 1.0
    found = []
    for (a, x), (b, y) in combinations(columns.items(), 2):
        for names, how, made in (((a, b), "+", x + y), ((a, b), "-", x - y), ((b, a), "-", y - x)):
            close = np.abs(made - answers) <= 1e-6 * scale
            if (
                close.sum() >= _EXACT_SHARE * max(1, np.isfinite(made - answers).sum())
                and close.sum() >= _MIN_ROWS
            ):
                found.append(Leak(columns=names, how=f"{names[0]} {how} {names[1]} is the target"))
                break
    return found


def _separates(values: Floats, answers: Floats) -> bool:
    """Whether, in the order of the values, each class is one run, but for a few rows."""
    both = np.isfinite(values) & np.isfinite(answers)
    if both.sum() < max(_MIN_ROWS, len(answers) // 2):
        return False
    x, y = values[both], answers[both]
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2 or counts.min() < _MIN_CLASS_ROWS or len(np.unique(x)) < len(classes):
        return False
    order = np.lexsort((y, x))
    x, y = x[order], y[order]
    changes = int((y[1:] != y[:-1]).sum())
    allowed = len(classes) - 1 + int(_STRAY_SHARE * len(y))
    levels = len(np.unique(x))
    pure = levels <= 50 and len(np.unique(np.column_stack((x, y)), axis=0)) == levels
    return pure or (changes <= allowed and levels > len(classes))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
