"""How far new rows have moved from a baseline profile: the population stability index. Pure.

PSI = sum over bins of (new share - old share) * ln(new share / old share); below 0.1 counts as stable, and
above 0.25 as a shift (Siddiqi, "Credit Risk Scorecards", chapter 10). Every bin starts with half a row
(Jeffreys' prior), and bins of few rows are merged first: otherwise a small sample drifts by chance alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lambdas.evaluate_model.numbers import span
from scoring.figures import Array, FloatArray

# A bin that should hold fewer of the new rows says little about them.
_ROWS_PER_BIN = 20
_PRIOR = 0.5
_OTHER, _MISSING = "(other)", "(missing)"


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One column's index, and the bin that moved it most with its shares (0-1) before and now."""

    column: str
    psi: float
    bin: str
    old_share: float
    new_share: float


def drift_of(profile: Mapping[str, Any], columns: Mapping[str, Array]) -> list[Drift]:
    """Of the columns that both the profile and the new rows have and take for the same kind, the most drifted
    first."""
    found = [
        _drift(name, *_histograms(baseline, columns[name]))
        for name, baseline in profile.get("columns", {}).items()
        if name in columns
        and baseline["count"] + baseline["missing"] > 0
        and (baseline["type"] == "category") == (columns[name].dtype == object)
    ]
    return sorted(found, key=lambda drift: -drift.psi)


def _drift(column: str, labels: list[str], old: FloatArray, new: FloatArray) -> Drift:
    inhabited = (old > 0) | (new > 0)
    labels = [label for label, kept in zip(labels, inhabited, strict=True) if kept]
    old, new = old[inhabited], new[inhabited]
    before, now = _shares(old), _shares(new)
    parts = (now - before) * np.log(now / before)
    worst = int(parts.argmax())
    return Drift(
        column=column,
        psi=float(parts.sum()),
        bin=labels[worst],
        old_share=float(old[worst] / old.sum()),
        new_share=float(new[worst] / max(1.0, new.sum())),
    )


def _shares(counts: FloatArray) -> FloatArray:
    filled = counts + _PRIOR
    return np.asarray(filled / filled.sum())


def _histograms(baseline: Mapping[str, Any], values: Array) -> tuple[list[str], FloatArray, FloatArray]:
    """Labels and both histograms over the baseline's bins; the last bin holds the missing values."""
    if baseline["type"] == "category":
        labels, old, new, missing = _categories(baseline, values)
    else:
        labels, old, new, missing = _numbers(baseline, values)
    return (
        [*labels, _MISSING],
        np.append(old, float(baseline["missing"])),
        np.append(new, float(missing)),
    )


def _numbers(baseline: Mapping[str, Any], values: Array) -> tuple[list[str], FloatArray, FloatArray, int]:
    present = values[~np.isnan(values)]
    edges = np.array(baseline["histogram"]["edges"], dtype=np.float64)
    counted = np.array(baseline["histogram"]["counts"] or [0], dtype=np.float64)
    # The histogram may stem from a sample; the missing were counted over all rows.
    counted *= baseline["count"] / max(1.0, counted.sum())
    keep = _edges_to_keep(counted, len(values))
    starts = np.concatenate([[0], keep + 1]).astype(int)
    new = np.bincount(np.searchsorted(edges[keep], present, side="left"), minlength=len(keep) + 1)
    bounds = [-np.inf, *edges[keep], np.inf]
    labels = [span(low, high, baseline["type"]) for low, high in pairwise(bounds)]
    return labels, np.add.reduceat(counted, starts), new.astype(np.float64), len(values) - len(present)


def _edges_to_keep(counted: FloatArray, rows: int) -> Array:
    """Positions of the edges that leave every bin enough of the new rows, if they are spread as before."""
    wanted = _ROWS_PER_BIN / max(1, rows) * max(1.0, counted.sum())
    keep, held, left = [], 0.0, float(counted.sum())
    for position, count in enumerate(counted[:-1]):
        held, left = held + count, left - count
        if held >= wanted and left >= wanted:
            keep.append(position)
            held = 0.0
    return np.array(keep, dtype=int)


def _categories(baseline: Mapping[str, Any], values: Array) -> tuple[list[str], FloatArray, FloatArray, int]:
    found = Counter(values.tolist())
    missing = found.pop(None, 0)
    wanted = _ROWS_PER_BIN / max(1, len(values)) * max(1, baseline["count"])
    names = [name for name, count in baseline["categories"].items() if count >= wanted]
    old = [float(baseline["categories"][name]) for name in names]
    new = [float(found.get(name, 0)) for name in names]
    rest = float(baseline["count"]) - sum(old), float(found.total()) - sum(new)
    return (
        [*names, _OTHER],
        np.array([*old, max(0.0, rest[0])]),
        np.array([*new, max(0.0, rest[1])]),
        missing,
    )
