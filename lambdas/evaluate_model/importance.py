"""What the model leans on: how much worse it gets when one column is shuffled. Pure.

Permutation importance (Breiman, "Random Forests", section 10): the rise of the error, or the fall of the
score, in the metric's own unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from contracts.training import higher_is_better
from lambdas.evaluate_model.scores import METRICS, Array, FloatArray

MAX_ROWS = 2_000
REPEATS = 3
SEED = 20_240_229


def permutation_importance(
    answer: Callable[[Mapping[str, Array]], FloatArray],
    columns: Mapping[str, Array],
    target: Array,
    task: str,
    metric: str,
) -> dict[str, float]:
    """Mean rise of the error by column, largest first; the same rows give the same figures."""
    generator = np.random.default_rng(SEED)
    rows = generator.permutation(len(target))[:MAX_ROWS]
    sampled = {name: values[rows] for name, values in columns.items()}
    score, sign = METRICS[task][metric], -1.0 if higher_is_better(metric) else 1.0
    weights = np.ones(len(rows))
    whole = score(target[rows], answer(sampled), weights)

    def rise(name: str) -> float:
        shuffled = {**sampled, name: sampled[name][generator.permutation(len(rows))]}
        return sign * (score(target[rows], answer(shuffled), weights) - whole)

    found = {name: float(np.mean([rise(name) for _ in range(REPEATS)])) for name in columns}
    return dict(sorted(found.items(), key=lambda item: -item[1]))
