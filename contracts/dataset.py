"""The dataset contract: which columns an upload must have, and what a row may hold."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.reading import Table
from contracts.split import BY_ROW, Split, identifying

COLUMN_TYPES = ("number", "integer", "category", "boolean", "date")
TASKS = ("regression", "classification")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its type and the rules that each of its values keeps. Bounds are inclusive."""

    name: str
    type: str
    nullable: bool
    minimum: float | None
    maximum: float | None
    categories: tuple[str, ...]
    unique: bool

    @property
    def is_numeric(self) -> bool:
        return self.type in ("number", "integer", "boolean")

    @classmethod
    def read(cls, table: Table) -> Column:
        column = cls(
            name=table.text("name"),
            type=table.choice("type", COLUMN_TYPES),
            nullable=table.flag("nullable", False),
            minimum=table.optional_number("min"),
            maximum=table.optional_number("max"),
            categories=table.texts("categories", ()),
            unique=table.flag("unique", False),
        )
        table.finish()
        if column.minimum is not None and column.maximum is not None and column.minimum > column.maximum:
            raise table.fail("min", f"{column.minimum:g} is above max {column.maximum:g}")
        if column.type != "category" and column.categories:
            raise table.fail("categories", f"only a column of type category has them, not {column.type}")
        if column.type not in ("number", "integer") and (column.minimum, column.maximum) != (None, None):
            raise table.fail("min", f"only number and integer columns have bounds, not {column.type}")
        return column


@dataclass(frozen=True, kw_only=True)
class DatasetContract:
    """What an upload must satisfy before anything is trained on it.

    `bad_row_tolerance_share` (0-1) is the share of rows that may go to quarantine before the whole dataset
    is rejected. `identifiers` name the columns whose values identify a row (empty: all columns but the
    target), by which `split` assigns a row to training or holdout for good.
    """

    columns: tuple[Column, ...]
    target: str
    task: str
    identifiers: tuple[str, ...]
    slices: tuple[str, ...]
    fairness_groups: tuple[str, ...]
    holdout_share: float
    bad_row_tolerance_share: float
    min_rows: int
    split: Split

    @property
    def feature_columns(self) -> tuple[Column, ...]:
        """The columns that a prediction request carries, in order: neither target nor identifiers, nor the
        group of a split by group, which no later row need belong to."""
        others = {self.target, *self.identifiers, self.split.group}
        return tuple(c for c in self.columns if c.name not in others)

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that say whether two rows are one."""
        names = [column.name for column in self.columns]
        return identifying(self.split, self.identifiers, names, self.target)

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    @classmethod
    def read(cls, table: Table, split: Split = BY_ROW) -> DatasetContract:
        contract = cls(
            columns=table.tables("columns", Column.read),
            target=table.text("target"),
            task=table.choice("task", TASKS),
            identifiers=table.texts("identifiers", ()),
            slices=table.texts("slices", ()),
            fairness_groups=table.texts("fairness_groups", ()),
            holdout_share=table.number("holdout_share", 0.01, 0.5, 0.2),
            bad_row_tolerance_share=table.number("bad_row_tolerance_share", 0.0, 1.0, 0.0),
            min_rows=table.integer("min_rows", 10, 1_000_000_000, 100),
            split=split,
        )
        table.finish()
        contract._check_names(table)
        return contract

    def _check_names(self, table: Table) -> None:
        names = [c.name for c in self.columns]
        for name in names:
            if names.count(name) > 1:
                raise table.fail("columns", f"{name!r} is declared {names.count(name)} times")
        for key, wanted in (
            ("target", (self.target,)),
            ("identifiers", self.identifiers),
            ("slices", self.slices),
            ("fairness_groups", self.fairness_groups),
        ):
            for name in wanted:
                if name not in names:
                    raise table.fail(key, f"{name!r} is not among the columns {', '.join(names)}")
        if self.target in self.identifiers:
            raise table.fail("identifiers", f"the target {self.target!r} cannot identify a row")
        if not self.feature_columns:
            raise table.fail("columns", "there is no column to predict from")
        self._check_target(table)

    def _check_target(self, table: Table) -> None:
        target = self.column(self.target)
        if target.nullable:
            raise table.fail(
                "target", f"{self.target!r} is nullable; a row without an answer teaches nothing"
            )
        if self.task == "regression" and target.type not in ("number", "integer"):
            raise table.fail("task", f"regression needs a numeric target; {self.target!r} is {target.type}")
        if self.task == "classification" and target.type in ("number", "date"):
            raise table.fail(
                "task", f"classification needs a target of classes; {self.target!r} is {target.type}"
            )
