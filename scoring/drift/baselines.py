"""What a column looked like, and later rows counted against it. Pure.

Counts are whole numbers that add up, so a window is read piece by piece, and hours are put together without
their rows. Of numbers the cells are the baseline's own values and the gaps between them, so that what is made
of the counts (the Kolmogorov-Smirnov distance above all) is exact, and not that of some bins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from scoring.figures import Array, FloatArray

Counts = npt.NDArray[np.int64]
BINS = 10


@dataclass(frozen=True, kw_only=True)
class Numeric:
    """A column of numbers: its `points` (k,), rising, how many rows had each, and how many had none."""

    points: FloatArray = field(repr=False)
    counts: Counts = field(repr=False)
    missing: int

    @property
    def rows(self) -> int:
        """Those with a value."""
        return int(self.counts.sum())

    def count(self, values: FloatArray) -> Counts:
        """How many of the values (n,) are missing, and how many lie in each of the 2k + 1 cells: below the
        first point, at it, between it and the second, and so on."""
        there = ~np.isnan(values)
        present = values if there.all() else values[there]
        place = np.searchsorted(self.points, present, side="left")
        if len(self.points):
            at = self.points[np.minimum(place, len(self.points) - 1)] == present
            place = 2 * place + at
        cells = np.bincount(place, minlength=2 * len(self.points) + 1)
        return np.concatenate([[len(values) - len(present)], cells]).astype(np.int64)

    def own(self) -> Counts:
        """The baseline's rows, counted as a window's are."""
        cells = np.zeros(2 * len(self.points) + 2, dtype=np.int64)
        cells[0], cells[2::2] = self.missing, self.counts
        return cells

    def edges(self, bins: int = BINS) -> FloatArray:
        """Inner edges of about equally full bins; a bin holds its upper edge."""
        if not len(self.points):
            return np.empty(0)
        reached = np.cumsum(self.counts)
        wanted = np.arange(1, bins) * reached[-1] / bins
        places = np.unique(np.searchsorted(reached, wanted))
        return np.asarray(self.points[places[places < len(self.points) - 1]])

    def binned(self, counted: Counts, bins: int = BINS) -> Counts:
        """Counts as of `count`, in the bins between the edges."""
        starts = 2 * np.searchsorted(self.points, self.edges(bins)) + 2
        return np.add.reduceat(counted[1:], np.concatenate([[0], starts])).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Categorical:
    """A column of texts: how many rows had each, and how many had none."""

    counts: Mapping[str, int]
    missing: int

    @property
    def rows(self) -> int:
        """Those with a value."""
        return sum(self.counts.values())

    @property
    def singletons(self) -> int:
        """Texts that came once: as likely as they, a next row's text is one that never came (Good, "The
        population frequencies of species and the estimation of population parameters", 1953)."""
        return sum(1 for count in self.counts.values() if count == 1)

    def count(self, values: Sequence[str | None] | Array) -> Counter[str | None]:
        """How often each text came, None being missing."""
        return Counter(None if value is None else str(value) for value in values)

    def own(self) -> Counter[str | None]:
        found: Counter[str | None] = Counter()
        found.update(self.counts)
        if self.missing:
            found[None] = self.missing
        return found


Baseline = Numeric | Categorical


def numeric(values: FloatArray) -> Numeric:
    """Of numbers (n,), NaN being missing."""
    present = values[~np.isnan(values)]
    points, counts = np.unique(present, return_counts=True)
    return Numeric(points=points, counts=counts.astype(np.int64), missing=len(values) - len(present))


def categorical(values: Sequence[str | None] | Array) -> Categorical:
    """Of texts (n,), None being missing."""
    found = Counter(None if value is None else str(value) for value in values)
    missing = found.pop(None, 0)
    return Categorical(
        counts={str(text): count for text, count in sorted(found.items(), key=str)}, missing=missing
    )


def baseline_of(values: Array) -> Baseline:
    """By what the column holds: texts of an array of objects, else numbers."""
    return categorical(values) if values.dtype == object else numeric(values.astype(np.float64))
