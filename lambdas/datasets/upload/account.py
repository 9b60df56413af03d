"""The account of an upload's lines: each is header, blank, a row, part of one, or set aside. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Lines = npt.NDArray[np.int64]
NO_LINES: Lines = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Aside:
    """A line that no row can be read from, with the reason and what it begins with."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Account:
    """What each line of an uploaded text is.

    The saved file holds the header and the rows alone. `removed` are the lines of the upload that are not in
    it (titles, blank ones and those set aside), `continued` the lines of the saved file that go on with a
    quoted text of the line before; both are sorted and count from 1.
    """

    lines: int
    blank: int
    titles: int = 0
    aside: tuple[Aside, ...] = ()
    removed: Lines = field(default_factory=lambda: NO_LINES)
    continued: Lines = field(default_factory=lambda: NO_LINES)

    @property
    def rows(self) -> int:
        """How many rows the saved file holds, whether their fields keep the contract or not."""
        return self.lines - self.titles - 1 - self.blank - len(self.aside) - len(self.continued)

    def lines_of_rows(self, rows: Lines, malformed: Lines) -> Lines:
        """The upload's line on which each row begins. `rows` count from 1 and pass over the `malformed`,
        lines of the saved file."""
        apart = np.concatenate([[1], self.continued, malformed])
        return self.lines_of_saved(_nth_beside(np.unique(apart), rows))

    def lines_of_saved(self, lines: Lines) -> Lines:
        """The upload's lines of those of the saved file."""
        return _nth_beside(self.removed, lines)


def _nth_beside(apart: Lines, numbers: Lines) -> Lines:
    """The n-th whole number from 1 that is not among the sorted ones."""
    before = apart - 1 - np.arange(len(apart))  # how many others come before each
    return np.asarray(numbers + np.searchsorted(before, numbers, side="left"), dtype=np.int64)
