"""How much each column moved each answer: Shapley values by sampled orders, as SHAP's permutation explainer
has them. Pure.

Starting from a random row of the background, the explained row's values are put in one column after
another; what the answer moves by is the column's part of it. Orders come in pairs, each with its reverse,
which cancels interactions of the first order (Castro et al., "Polynomial calculation of the Shapley value
based on sampling", 2009; Lundberg and Lee, "A unified approach to interpreting model predictions", 2017). The
parts of a row add up to its answer less the mean answer of the background rows it was started from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.figures import Array, FloatArray

SEED = 20_240_229
_MIN_ROWS, _ROWS = 20, 100
_MIN_ORDERS, _MAX_ORDERS = 5, 40


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """`values` (rows, columns) in the answer's unit, of the rows `matrix` (rows, columns), which holds each
    column's first entry."""

    matrix: FloatArray
    values: FloatArray


def explain(
    answer: Callable[[FloatArray], FloatArray],
    matrix: FloatArray,
    spans: Sequence[slice],
    budget: int = 90_000,
) -> Explanation:
    """Of sampled rows (n, entries), of which each column takes a span; the same matrix gives the same values.
    `answer` maps rows to one figure each (n,), and is asked for about `budget` of them, at least for each
    column's turn of some rows."""
    generator = np.random.default_rng(SEED)
    columns = len(spans)
    wanted = min(_ROWS, max(_MIN_ROWS, budget // (2 * _MIN_ORDERS * columns)))
    rows = matrix[generator.permutation(len(matrix))[:wanted]]
    orders = min(_MAX_ORDERS, max(1, budget // (2 * len(rows) * columns)))
    values = np.zeros((len(rows), columns))
    for _ in range(orders):
        order = generator.permutation(columns)
        background = matrix[generator.integers(0, len(matrix), len(rows))]
        for path in (order, order[::-1]):
            values += _walk(answer, rows, background.copy(), spans, path)
    first = [span.start for span in spans]
    return Explanation(matrix=rows[:, first], values=values / (2 * orders))


def _walk(
    answer: Callable[[FloatArray], FloatArray],
    rows: FloatArray,
    state: FloatArray,
    spans: Sequence[slice],
    path: Array,
) -> FloatArray:
    """What each column's turn changes, from the background in `state` to the rows."""
    moved = np.empty((len(rows), len(spans)))
    before = answer(state)
    for position in path:
        state[:, spans[position]] = rows[:, spans[position]]
        after = answer(state)
        moved[:, position] = after - before
        before = after
    return moved
