"""How far new data have moved from a baseline profile: the population stability index. Pure.

PSI sums (new share - old share) * ln(new / old) over bins; below 0.1 counts as stable and above 0.25 as a
shift (Siddiqi, "Credit Risk Scorecards").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

_SMALLEST_SHARE = 1e-4


def psi(baseline: npt.NDArray[Any], found: npt.NDArray[Any]) -> float:
    """Of two histograms (bins,) over the same bins; an empty bin counts as a ten-thousandth."""
    if baseline.sum() == 0 or found.sum() == 0:
        return 0.0
    old = np.clip(baseline / baseline.sum(), _SMALLEST_SHARE, None)
    new = np.clip(found / found.sum(), _SMALLEST_SHARE, None)
    return float(((new - old) * np.log(new / old)).sum())


def drift_of_columns(profile: Mapping[str, Any], columns: Mapping[str, npt.NDArray[Any]]) -> dict[str, float]:
    """PSI by column name, of those that both the profile and the new rows have; missing values are a bin."""
    return {
        name: psi(*_histograms(baseline, columns[name]))
        for name, baseline in profile["columns"].items()
        if name in columns
    }


def _histograms(
    baseline: Mapping[str, Any], values: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    if baseline["type"] == "category":
        return _categories(baseline, values)
    edges = np.array(baseline["histogram"]["edges"], dtype=np.float64)
    present = values[~np.isnan(values)]
    found = np.bincount(np.searchsorted(edges, present, side="left"), minlength=len(edges) + 1)
    counted = np.array(baseline["histogram"]["counts"] or [0], dtype=np.float64)
    # The histogram may stem from a sample; the missing are counted over all rows.
    scale = baseline["count"] / counted.sum() if counted.sum() else 1.0
    return (
        np.append(counted * scale, baseline["missing"]),
        np.append(found, len(values) - len(present)),
    )


def _categories(
    baseline: Mapping[str, Any], values: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    names = list(baseline["categories"])
    old = [*baseline["categories"].values(), baseline["other"], baseline["missing"]]
    counts = dict.fromkeys(names, 0)
    other = missing = 0
    for value in values:
        if value is None:
            missing += 1
        elif value in counts:
            counts[value] += 1
        else:
            other += 1
    return np.array(old, dtype=np.float64), np.array([*counts.values(), other, missing], dtype=np.float64)
