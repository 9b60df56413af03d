"""What the model leans on: how much worse it gets when one column is shuffled. Pure.

Permutation importance (Breiman, "Random Forests", section 10): the rise of the error, or the fall of the
score, in the metric's own unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from contracts.training import higher_is_better
from scoring.figures import Array, FloatArray, overall
from scoring.metrics import judged

SEED = 20_240_229
REPEATS = 3
_MAX_ROWS, _MIN_ROWS = 2_000, 100


def permutation_importance(
    answer: Callable[[FloatArray], FloatArray],
    matrix: FloatArray,
    spans: Mapping[str, slice],
    target: Array,
    metric: str,
    budget: int = 90_000,
    *,
    weights: FloatArray | None = None,
    threshold: float | None = None,
) -> dict[str, float]:
    """Mean rise of the error by column, largest first; `spans` says which entries of a row (of the matrix (n,
    entries)) a column is, which are shuffled together. The same rows give the same figures. About `budget`
    rows are answered, at least some for each column."""
    generator = np.random.default_rng(SEED)
    size = min(_MAX_ROWS, max(_MIN_ROWS, budget // (REPEATS * len(spans))))
    rows = generator.permutation(len(target))[:size]
    sample, truth = matrix[rows].copy(), target[rows]
    counts = None if weights is None else weights[rows]
    sign = -1.0 if higher_is_better(metric) else 1.0

    def figure() -> float:
        return overall(judged(metric, truth, answer(sample), weights=counts, threshold=threshold), len(truth))

    whole = figure()
    found = {}
    for name, span in spans.items():
        original = sample[:, span].copy()
        rises = []
        for _ in range(REPEATS):
            sample[:, span] = original[generator.permutation(len(original))]
            rises.append(sign * (figure() - whole))
        sample[:, span] = original
        found[name] = float(np.mean(rises))
    return dict(sorted(found.items(), key=lambda item: -item[1]))
