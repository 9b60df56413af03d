"""The folds of a cross-validation, by the same rule as the dataset's split."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.split import Split
from training_jobs.errors import DatasetError

Rows = npt.NDArray[np.intp]
Fold = tuple[Rows, Rows]
# So many parts of the training rows are encoded by the rest.
ENCODING_FOLDS = 5


def split_rows(
    target: npt.NDArray[Any],
    task: str,
    split: Split,
    keys: npt.NDArray[Any] | None,
    count: int,
    seed: int,
) -> list[Fold]:
    """(training rows, validation rows) of each fold. Rows of one key (n,) stay together; of a split by time
    the keys are times, and a fold is judged on later rows than it learns from. Classes are spread evenly."""
    if keys is not None and split.by == "time":
        return forward_folds(keys, count, split.gap_days)
    if keys is None:
        return _shuffled(target, task, count, seed)
    distinct, first, where = np.unique(keys, return_index=True, return_inverse=True)
    if len(distinct) < count:
        raise DatasetError(
            f"the training rows are of {len(distinct)} {split.group or 'kinds'}, fewer than the {count} folds"
        )
    if len(distinct) == len(keys):
        return _shuffled(target, task, count, seed)
    folds = []
    for _, members in _shuffled(target[first], task, count, seed):
        chosen = np.isin(where, members)
        folds.append((np.flatnonzero(~chosen), np.flatnonzero(chosen)))
    return folds


def forward_folds(times: npt.NDArray[Any], count: int, gap: float) -> list[Fold]:
    """Equal blocks in the order of time; each but the first is judged by what came before it, less the rows
    within `gap` of it. Rows of one time are in one block."""
    ordered = np.sort(times)
    starts = np.unique(ordered[[len(times) * block // (count + 1) for block in range(1, count + 1)]])
    folds = []
    for number, start in enumerate(starts):
        ends = starts[number + 1] if number + 1 < len(starts) else np.inf
        before = np.flatnonzero(times < start - gap)
        if len(before):
            folds.append((before, np.flatnonzero((times >= start) & (times < ends))))
    if not folds:
        raise DatasetError("the training rows are all of one time: none is later than another")
    return folds


def encoding_folds(
    target: npt.NDArray[Any], task: str, split: Split, keys: npt.NDArray[Any] | None, seed: int
) -> list[Fold]:
    """Folds that have each row once on their second side, to be encoded by the rows of the first. Groups stay
    together; of a split by time the first side is earlier, but for the first block, which nothing precedes:
    it is encoded by the block behind it. Rows that are all of one group or time are parted by chance."""
    distinct = 0 if keys is None else len(np.unique(keys))
    if keys is None or distinct < 2:
        return _shuffled(target, task, min(ENCODING_FOLDS, len(target)), seed)
    if split.by != "time":
        return split_rows(target, task, split, keys, min(ENCODING_FOLDS, distinct), seed)
    ordered = np.sort(keys)
    starts = np.unique(ordered[[len(keys) * block // ENCODING_FOLDS for block in range(ENCODING_FOLDS)]])
    if len(starts) < 2:  # most rows are of the first time
        starts = np.array([ordered[0], ordered[ordered > ordered[0]][0]])
    block = np.searchsorted(starts, keys, side="right") - 1
    learnt = [block == 1, *(block < number for number in range(1, len(starts)))]
    return [(np.flatnonzero(rows), np.flatnonzero(block == number)) for number, rows in enumerate(learnt)]


def _shuffled(target: npt.NDArray[Any], task: str, count: int, seed: int) -> list[Fold]:
    from sklearn.model_selection import KFold, StratifiedKFold

    stratified = task == "classification" and np.unique(target, return_counts=True)[1].min() >= count
    kind = StratifiedKFold if stratified else KFold
    splitter = kind(n_splits=count, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(target)), target))
