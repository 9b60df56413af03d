"""Which side of the split a row belongs to: training, holdout or neither. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.dataset import DatasetContract
from lambdas.datasets.identity import Hashes, finished, identities, mixed, numbers

NEITHER, TRAIN, HOLDOUT = 0, 1, 2
_KEY = "side"
_PARTS = 10_000  # the holdout's share is kept to a hundredth of a per cent
_LARGEST = 2.0**62

Side = npt.NDArray[np.int8]


class Sides:
    """Of a split by row or group the side follows from the row's identity alone, so that a row which comes
    again goes where it went; of one by position from its place in the file. Of a split by time it follows
    from the cut-off (in days of a date, else in the column's unit); until that is known every row is on the
    side of training.
    """

    def __init__(self, contract: DatasetContract, cut_off: float | None = None) -> None:
        self._contract, self._split, self._cut_off = contract, contract.split, cut_off
        self._held = round(contract.holdout_share * _PARTS)

    def of(self, rows: pa.RecordBatch, first: int = 0) -> tuple[Side, pa.Array]:
        """Each row's side (n,), and its number for folds (see `FOLD_COLUMN`). `first` is the place of the
        first of these rows in the file, from 0."""
        if self._split.by == "time":
            times = numbers(rows.column(self._split.time))
            return self._by_time(times), _fold_of_time(times, rows.column(self._split.time).type)
        if self._split.by == "position":
            places = np.arange(first, first + rows.num_rows, dtype=np.int64)
            return self._by_hash(finished(mixed(places.view(np.uint64)), _KEY)), pa.array(places)
        hashes = identities(rows, self._contract.identity, _KEY)
        return self._by_hash(hashes), pa.array((hashes >> np.uint64(33)), pa.int32())

    def _by_hash(self, hashes: Hashes) -> Side:
        held = hashes % np.uint64(_PARTS) < np.uint64(self._held)
        return np.where(held, HOLDOUT, TRAIN).astype(np.int8)

    def _by_time(self, times: npt.NDArray[np.float64]) -> Side:
        if self._cut_off is None:
            return np.full(len(times), TRAIN, dtype=np.int8)
        side = np.where(times > self._cut_off, HOLDOUT, NEITHER)
        return np.where(times <= self._cut_off - self._split.gap_days, TRAIN, side).astype(np.int8)


def _fold_of_time(times: npt.NDArray[np.float64], kind: pa.DataType) -> pa.Array:
    whole = np.floor(np.clip(times, -_LARGEST, _LARGEST)).astype(np.int64)
    return pa.array(whole, pa.int32()) if pa.types.is_date(kind) else pa.array(whole)


def cut_off_of(
    values: npt.NDArray[np.float64], rows: npt.NDArray[np.int64], holdout_share: float
) -> float | None:
    """The last time of training: the first by which 1 - `holdout_share` of the rows have come, and in
    any case one after which there are rows. Values rise, with so many rows each; None for fewer than two."""
    if len(values) < 2:
        return None
    passed = np.cumsum(rows.astype(np.float64))
    position = int(np.searchsorted(passed, (1 - holdout_share) * passed[-1] * (1 - 1e-12)))
    return float(values[min(position, len(values) - 2)])
