"""Trees and weights in numpy: the engine wherever no compiler made a faster one. Exact, and slower."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.model import FloatArray, Head

# Rows times trees followed at once; it bounds the memory of a large batch.
_BLOCK_CELLS = 1 << 20


class TreeSum:
    """The sum over all trees of the leaf that a row falls into."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], head: Head) -> None:
        self._roots = arrays["start"][:-1].astype(np.intp)
        self._output = arrays["output"]
        self._leaf, self._values = arrays["leaf"], arrays["values"]
        inner = arrays["feature"] >= 0
        nodes = np.arange(len(inner))
        self._feature = np.where(inner, arrays["feature"], 0).astype(np.intp)
        self._threshold = arrays["threshold"]
        self._missing_left = arrays["missing_left"].astype(bool)
        # A leaf leads to itself, so that every path may be followed to the deepest tree's depth.
        self._left = np.where(inner, arrays["left"], nodes).astype(np.intp)
        self._right = np.where(inner, arrays["right"], nodes).astype(np.intp)
        self._head = head

    def __call__(self, entries: FloatArray) -> FloatArray:
        """Sums (n, outputs), tree after tree, as the libraries add them."""
        step = max(1, _BLOCK_CELLS // max(1, len(self._roots)))
        blocks = [self._sum(entries[i : i + step]) for i in range(0, len(entries), step)]
        return np.concatenate(blocks) if blocks else np.empty((0, self._head.outputs))

    def _sum(self, entries: FloatArray) -> FloatArray:
        leaves = self._values[self._leaf[self._find_leaves(entries)]]
        kind = np.dtype(self._head.precision)
        total = np.tile(np.asarray(self._head.baseline, dtype=kind), (len(entries), 1))
        per_leaf = leaves.shape[2]
        for tree, output in enumerate(self._output):
            total[:, output : output + per_leaf] += leaves[:, tree].astype(kind)
        return total.astype(np.float64)

    def _find_leaves(self, entries: FloatArray) -> npt.NDArray[np.intp]:
        rows = np.arange(len(entries))[:, None]
        node = np.tile(self._roots, (len(entries), 1))
        while True:
            value = entries[rows, self._feature[node]]
            left = np.where(np.isnan(value), self._missing_left[node], value <= self._threshold[node])
            after = np.where(left, self._left[node], self._right[node])
            if np.array_equal(after, node):
                return node
            node = after


class WeightedSum:
    """The sum of a row's entries, each times its weight."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], head: Head) -> None:
        self._used = np.flatnonzero(np.any(arrays["weights"] != 0, axis=1))
        self._weights = arrays["weights"][self._used]
        self._baseline = np.asarray(head.baseline)

    def __call__(self, entries: FloatArray) -> FloatArray:
        return np.asarray(entries[:, self._used] @ self._weights + self._baseline)
