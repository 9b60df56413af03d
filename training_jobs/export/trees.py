"""Collects the trees of any library into the arrays of a Model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.model import FloatArray
from training_jobs.export.folding import BoolArray, TreeInput, fold, missing_goes_left
from training_jobs.export.sources import Source

LEAF = -1


@dataclass(frozen=True)
class Tree:
    """One tree as its library has it: per node the input read (LEAF for a leaf), threshold, children within
    the tree, whether missing goes left, and the values of a leaf (nodes, outputs)."""

    feature: npt.NDArray[np.int64]
    threshold: FloatArray
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    missing_left: BoolArray
    values: FloatArray
    output: int = 0


def tree_arrays(
    trees: Sequence[Tree], sources: Sequence[Source], reader: TreeInput
) -> dict[str, npt.NDArray[Any]]:
    """The arrays of inference.model.Model, thresholds in the domain of the raw entries."""
    start = np.cumsum([0, *(len(tree.feature) for tree in trees)])
    feature = np.concatenate([tree.feature for tree in trees])
    threshold, missing_left = _fold_all(trees, feature, sources, reader)
    leaf = feature == LEAF
    values = np.concatenate([tree.values[tree.feature == LEAF] for tree in trees])
    entries = np.array([source.entry for source in sources], dtype=np.int32)
    return {
        "start": start.astype(np.int32),
        "output": np.array([tree.output for tree in trees], dtype=np.int32),
        "feature": np.where(leaf, LEAF, entries[np.where(leaf, 0, feature)]).astype(np.int32),
        "threshold": threshold,
        "left": _offset([tree.left for tree in trees], start, leaf),
        "right": _offset([tree.right for tree in trees], start, leaf),
        "missing_left": missing_left.astype(np.uint8),
        "leaf": np.where(leaf, np.cumsum(leaf) - 1, 0).astype(np.int32),
        "values": np.ascontiguousarray(values, dtype=np.float64),
    }


def _fold_all(
    trees: Sequence[Tree], feature: npt.NDArray[np.int64], sources: Sequence[Source], reader: TreeInput
) -> tuple[FloatArray, BoolArray]:
    threshold = np.concatenate([tree.threshold for tree in trees]).astype(np.float64)
    missing = np.concatenate([tree.missing_left for tree in trees]).astype(bool)
    order = np.argsort(feature, kind="stable")
    bounds = np.searchsorted(feature[order], np.arange(len(sources) + 1))
    for number, source in enumerate(sources):
        nodes = order[bounds[number] : bounds[number + 1]]
        own, seen = missing[nodes], threshold[nodes]
        missing[nodes] = missing_goes_left(source.chain, seen, reader, own)
        threshold[nodes] = fold(source.chain, seen, reader)
    threshold[feature == LEAF] = 0.0
    missing[feature == LEAF] = False
    return threshold, missing


def _offset(
    children: Sequence[npt.NDArray[np.int64]], start: npt.NDArray[np.int64], leaf: BoolArray
) -> npt.NDArray[np.int32]:
    moved = np.concatenate([child + base for child, base in zip(children, start[:-1], strict=True)])
    return np.where(leaf, 0, moved).astype(np.int32)
