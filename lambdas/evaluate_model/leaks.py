"""Columns that give the target away: one alone, or the sum or difference of two. Pure.

A number that follows the target in a straight line, or from whose order its classes can be read, is seldom
known before the target is (Kaufman et al., "Leakage in data mining", 2012).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from scoring.figures import Array, FloatArray

_ROWS = 5_000
_MOST_COLUMNS = 60
_EXPLAINED = 0.9999  # of the target's variance, or of the pairs of rows of different classes
_FEWEST_ROWS = 20


def leaks_of(columns: Mapping[str, Array], target: Array, classes: int = 0) -> list[str]:
    """A sentence for each suspect; the target (n,) holds values, or positions of classes."""
    if len(target) < _FEWEST_ROWS or len(np.unique(target)) < 2:
        return []
    rows = np.linspace(0, len(target) - 1, min(_ROWS, len(target))).astype(int)
    truth = target[rows]
    numbers = {name: values[rows] for name, values in columns.items() if values.dtype != object}
    found = [f"{name} alone" for name, values in numbers.items() if _explains(values, truth, classes)]
    found += [
        f"{name} alone"
        for name, values in columns.items()
        if values.dtype == object and _sorts(values[rows], truth, classes)
    ]
    suspects = {text.removesuffix(" alone") for text in found}
    others = [name for name in numbers if name not in suspects][:_MOST_COLUMNS]
    found += _pairs({name: numbers[name] for name in others}, others, truth, classes)
    return [f"{text} tells the target" for text in found]


def _pairs(columns: Mapping[str, FloatArray], names: Sequence[str], truth: Array, classes: int) -> list[str]:
    found = []
    for a, b in combinations(names, 2):
        for sign, word in ((1.0, "+"), (-1.0, "-")):
            if _explains(columns[a] + sign * columns[b], truth, classes):
                found.append(f"{a} {word} {b}")
    return found


def _explains(values: FloatArray, truth: Array, classes: int) -> bool:
    known = np.isfinite(values)
    if known.mean() < 0.9 or np.ptp(values[known]) == 0:
        return False
    if classes > 2:
        return False
    if not classes:
        truth_known = truth[known].astype(np.float64)
        if np.ptp(truth_known) == 0:
            return False
        return bool(np.corrcoef(values[known], truth_known)[0, 1] ** 2 > _EXPLAINED)
    high, low = values[known][truth[known] == 1], values[known][truth[known] == 0]
    if min(len(high), len(low)) < _FEWEST_ROWS // 2:
        return False
    return bool(high.min() > low.max() or low.min() > high.max())


def _sorts(values: Array, truth: Array, classes: int) -> bool:
    """Whether each of a category's few values stands for one class; ids do so without saying anything."""
    words, place = np.unique([str(value) for value in values], return_inverse=True)
    if not classes or len(words) > len(values) / 10:
        return False
    counts = np.zeros((len(words), classes))
    np.add.at(counts, (place, truth), 1)
    return bool(counts.max(axis=1).sum() > _EXPLAINED * len(values))
