"""How training rows and holdout are kept apart, and what makes two rows the same row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts.reading import Table

WAYS = ("row", "group", "time", "position")
# Raised when rows go to other sides than they used to: datasets of an older scheme keep their own versions.
SCHEME = 2
# The typed Parquet's column by which folds keep rows together, a whole number: rows or groups of one number
# stay on one side. Of a time split it is the time, in days of a date: folds are judged on later rows. Of a
# split by position it is the row's place in the file, from 0.
FOLD_COLUMN = "greenlight_fold"


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def nullable(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Split:
    """`by` row: a row goes to its side by a hash of what identifies it. By group: by a hash of `group`, so
    that a group is never on both sides. By time: the rows after a cut-off are the holdout, and those of
    `gap_days` before it belong to neither side. By position: by a hash of the row's place in its file, for
    tables of which most rows are like others in all but the target; the file may only grow at its end.
    """

    by: str
    group: str
    time: str
    gap_days: int

    @classmethod
    def read(cls, table: Table) -> Split:
        split = cls(
            by=table.choice("by", WAYS, "row"),
            group=table.text("group") if table.has("group") else "",
            time=table.text("time") if table.has("time") else "",
            gap_days=table.integer("gap_days", 0, 36_500, 0),
        )
        table.finish()
        for way, column in (("group", split.group), ("time", split.time)):
            if split.by == way and not column:
                raise table.fail(way, f"is missing: a split by {way} needs the name of a column")
            if split.by != way and column:
                raise table.fail(way, f'says nothing in a split by {split.by}; set by = "{way}"')
        if split.gap_days and split.by != "time":
            raise table.fail("gap_days", f"says nothing in a split by {split.by}")
        return split

    def check(self, table: Table, columns: Sequence[_Named], target: str) -> None:
        """Hold the column's name and type against the contract's columns; raises PipelineConfigError."""
        if self.by in ("row", "position"):
            return
        name = self.group if self.by == "group" else self.time
        found = next((column for column in columns if column.name == name), None)
        if found is None:
            listed = ", ".join(column.name for column in columns)
            raise table.fail(self.by, f"{name!r} is not among the columns {listed}")
        if name == target:
            raise table.fail(self.by, f"{name!r} is the target, by which rows are never split")
        if found.nullable:
            raise table.fail(self.by, f"{name!r} is nullable; a row without it would belong to no side")
        if self.by == "time" and found.type in ("category", "boolean"):
            raise table.fail("time", f"{name!r} is {found.type}; time is a date, an integer or a number")
        if self.gap_days and found.type != "date":
            raise table.fail("gap_days", f"{name!r} is {found.type}, and only dates are so many days apart")


BY_ROW = Split(by="row", group="", time="", gap_days=0)


def identifying(
    split: Split, identifiers: Sequence[str], columns: Sequence[str], target: str
) -> tuple[str, ...]:
    """The columns whose values say that two rows are one: the group, the time, the place in the file, or the
    identifiers, or where there are none all columns but the target. Then a corrected cell makes a new row.
    """
    if split.by == "group":
        return (split.group,)
    if split.by == "time":
        return (split.time,)
    if split.by == "position":
        return (FOLD_COLUMN,)
    return tuple(identifiers) or tuple(name for name in columns if name != target)
