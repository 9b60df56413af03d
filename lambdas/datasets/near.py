"""Rows of the holdout that differ from a training row in one column at most. Pure.

A sum of column hashes stays the same for all rows that agree in the rest once one column's part is taken out,
so each column costs one look-up a training row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lambdas.datasets.identity import Hashes, Rows, column_hashes, finished

MOST_ROWS = 2_000
FEWEST_COLUMNS = 3  # of fewer, all but one say next to nothing of a row
_SIEVE_BITS = 20


class NearDuplicates:
    """Holdout rows, evenly spread and at most `MOST_ROWS`, looked for among training rows as they pass by."""

    def __init__(self, holdout: Rows, columns: Sequence[str]) -> None:
        self.columns = tuple(columns) if len(columns) >= FEWEST_COLUMNS else ()
        step = max(1, -(-holdout.num_rows // MOST_ROWS))
        chosen = holdout.take(list(range(0, holdout.num_rows, step))) if step > 1 else holdout
        self.looked_at = chosen.num_rows if self.columns else 0
        self._wanted = [np.sort(values) for values in _without_each(chosen, self.columns)]
        self._of_rows = _without_each(chosen, self.columns)
        self._sieves = [_sieve(values) for values in self._wanted]
        self._found = np.zeros(chosen.num_rows, dtype=bool)

    def add(self, training: Rows) -> None:
        """Look through these training rows, which need the same columns."""
        for position, values in enumerate(_without_each(training, self.columns)):
            likely = values[self._sieves[position][_short(values)]]
            if len(likely):
                self._found |= np.isin(self._of_rows[position], likely)

    @property
    def count(self) -> int:
        return int(self._found.sum())


def _without_each(rows: Rows, columns: Sequence[str]) -> list[Hashes]:
    """For each column the rows' hashes over all the others."""
    parts = [column_hashes(rows, name) for name in columns]
    total = np.sum(parts, axis=0, dtype=np.uint64) if parts else np.zeros(0, dtype=np.uint64)
    return [finished(total - part, name) for part, name in zip(parts, columns, strict=True)]


def _short(values: Hashes) -> npt.NDArray[np.int64]:
    return (values >> np.uint64(64 - _SIEVE_BITS)).astype(np.int64)


def _sieve(values: Hashes) -> npt.NDArray[np.bool_]:
    """Lets through whatever begins as one of the values does."""
    passes = np.zeros(1 << _SIEVE_BITS, dtype=bool)
    passes[_short(values)] = True
    return passes
