"""Whether a model can tell a window's rows from a baseline's: drift of columns together, which no column
shows.

Half of the rows teach, the other half is told apart. Without drift the taught score knows nothing of the
other half, whose labels are then as good as dealt out: the area under its curve has the null of Mann and
Whitney's U ("On a test of whether one of two random variables is stochastically larger than the other",
1947), whatever was taught (Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", 2017). Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from scoring.drift.baselines import Baseline, Categorical
from scoring.drift.column_tests import Tested
from scoring.drift.nulls import normal_sf
from scoring.figures import Array, FloatArray

DOMAIN = "domain_classifier"
ROWS = 1_000  # of each side; a kernel of twice as many is solved in a tenth of a second
LEAST_ROWS = 50
_RIDGE = 1.0
_TEXTS = 10
_SEED = 20_261_129


def tell_apart(
    baselines: Mapping[str, Baseline], then: Mapping[str, Array], now: Mapping[str, Array]
) -> Tested | None:
    """By rows of both as columns (n,) by name; None of too few rows or columns to teach anything."""
    names = [name for name in baselines if name in then and name in now]
    size = min(ROWS, len(then[names[0]]), len(now[names[0]])) if names else 0
    if size < LEAST_ROWS or len(names) < 2:
        return None
    chance = np.random.default_rng(_SEED)
    sides = []
    for rows in (then, now):
        chosen = chance.choice(len(rows[names[0]]), size, replace=False)
        sides.append(encoded(baselines, {name: rows[name][chosen] for name in names}))
    half = size // 2
    taught = np.vstack([side[:half] for side in sides])
    truth = np.repeat([-1.0, 1.0], half)
    weights = np.linalg.solve(_kernel(taught, taught) + _RIDGE * np.eye(len(taught)), truth)
    old, new = (_kernel(side[half:], taught) @ weights for side in sides)
    area, p_value = area_p(old, new)
    return Tested(test=DOMAIN, statistic=area, p_value=p_value, effect_share=max(0.0, 2 * area - 1))


def _kernel(left: FloatArray, right: FloatArray) -> FloatArray:
    """All products of two columns, so that what changed between them shows."""
    return np.asarray((1.0 + left @ right.T / left.shape[1]) ** 2 / 4.0)


def encoded(baselines: Mapping[str, Baseline], rows: Mapping[str, Array]) -> FloatArray:
    """Rows as numbers of about unit size (n, columns): a number's rank in the baseline, a text's commonest
    values one by one, and whether there is a value where any lacked."""
    parts: list[FloatArray] = []
    for name, values in rows.items():
        baseline = baselines[name]
        if isinstance(baseline, Categorical):
            parts += _texts(baseline, values)
        else:
            missing = np.isnan(values)
            ranks = _ranks(baseline.points, baseline.counts, np.where(missing, 0.0, values))
            parts.append(np.where(missing, 0.0, ranks))
            if baseline.missing:
                parts.append(missing.astype(np.float64))
    return np.column_stack(parts)


def _ranks(points: FloatArray, counts: Array, values: FloatArray) -> FloatArray:
    """Uniform over the baseline, with mean 0 and deviation 1."""
    reached = np.concatenate([[0.0], np.cumsum(counts) / max(1, counts.sum())])
    middle = (
        reached[np.searchsorted(points, values, side="left")]
        + reached[np.searchsorted(points, values, side="right")]
    ) / 2
    return np.asarray((middle - 0.5) * math.sqrt(12.0))


def _texts(baseline: Categorical, values: Sequence[str | None] | Array) -> list[FloatArray]:
    commonest = sorted(baseline.counts, key=lambda text: (-baseline.counts[text], text))[:_TEXTS]
    found = np.array(values, dtype=object)
    return [(found == text).astype(np.float64) for text in commonest]


def area_p(old: FloatArray, new: FloatArray) -> tuple[float, float]:
    """The chance that a row of the window scores above one of the baseline, ties counting half, and how
    likely as much or more is where both are dealt out of one heap; with ties' own variance (Lehmann,
    "Nonparametrics", 1.5)."""
    scores = np.concatenate([old, new])
    _, inverse, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[inverse]
    a, b = len(old), len(new)
    area = float((ranks[a:].sum() - b * (b + 1) / 2) / (a * b))
    total = a + b
    tied = float((sizes.astype(np.float64) ** 3 - sizes).sum()) / (total * (total - 1))
    variance = (total + 1 - tied) / (12.0 * a * b)
    return area, normal_sf((area - 0.5) / math.sqrt(variance)) if variance > 0 else 1.0
