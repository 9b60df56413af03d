"""The dataset contract: which columns an upload must have, and what a row may hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial

from contracts import file_reading, spellings, values
from contracts.file_reading import FileReading
from contracts.hashing import TextHashing
from contracts.reading import Table
from contracts.split import BY_ROW, Split, identifying
from contracts.values import Grammar

COLUMN_TYPES = values.TYPES
TASKS = ("regression", "classification")
PLAIN = FileReading()
# What the pipeline itself adds to a table is named so.
RESERVED_PREFIX = "greenlight_"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its type and the rules that each of its values keeps. Bounds are inclusive.

    `grammar` says how its texts are written. A column that is not of `use` is checked as the others are, and
    no feature. Where `others` may come, the `categories` are those that a model tells apart, and every other
    text is one kind more. A column that is of use as text has its `hashing`.
    """

    name: str
    type: str
    nullable: bool
    minimum: float | None
    maximum: float | None
    categories: tuple[str, ...]
    unique: bool
    use: bool = True
    others: bool = False
    grammar: Grammar = field(default=Grammar(type=""))
    hashing: TextHashing | None = None

    def __post_init__(self) -> None:
        if self.grammar.type != self.type:
            object.__setattr__(self, "grammar", replace(self.grammar, type=self.type))

    @property
    def allowed(self) -> tuple[str, ...]:
        """The categories that a file may hold; empty where any text may come."""
        return () if self.others else self.categories

    @property
    def is_numeric(self) -> bool:
        return self.type in ("number", "integer", "boolean")

    @classmethod
    def read(cls, table: Table, reading: FileReading = PLAIN) -> Column:
        kind = table.choice("type", COLUMN_TYPES)
        use, hashing = _use(table, kind)
        column = cls(
            name=table.text("name"),
            type=kind,
            nullable=table.flag("nullable", False),
            minimum=table.optional_number("min"),
            maximum=table.optional_number("max"),
            categories=_categories(table),
            unique=table.flag("unique", False),
            use=use,
            others=table.flag("others", False),
            grammar=_grammar(table, kind, reading),
            hashing=hashing,
        )
        table.finish()
        if column.minimum is not None and column.maximum is not None and column.minimum > column.maximum:
            raise table.fail("min", f"{column.minimum:g} is above max {column.maximum:g}")
        if both := set(column.categories) & set(column.grammar.missing):
            raise table.fail("categories", f"{min(both)!r} stands for a missing value, too")
        if column.type != "category" and column.categories:
            raise table.fail("categories", f"only a column of type category has them, not {column.type}")
        if column.others and not column.categories:
            raise table.fail("others", "a column without categories takes any text as it is")
        if column.type not in ("number", "integer") and (column.minimum, column.maximum) != (None, None):
            raise table.fail("min", f"only number and integer columns have bounds, not {column.type}")
        return column


def _use(table: Table, kind: str) -> tuple[bool, TextHashing | None]:
    """Whether the column is a feature, and how its text is hashed. Of type text there is no other use."""
    as_text = table.is_text("use")
    if as_text:
        table.choice("use", ("text",))
        if kind not in values.MAX_LENGTH:
            raise table.fail("use", f"only columns of type text or category are of use as text, not {kind}")
    used = as_text or table.flag("use", True)
    if used and (as_text or kind == "text"):
        return True, TextHashing.read(table)
    for key in ("buckets", "grams"):
        if table.has(key):
            raise table.fail(key, 'only a column with use = "text" has it')
    return used, None


def _categories(table: Table) -> tuple[str, ...]:
    """Without blanks at their ends, which mean nothing in a file either."""
    found = tuple(text.strip(spellings.BLANKS) for text in table.texts("categories", ()))
    for text in found:
        try:
            Grammar(type="category").read(text)
        except values.ValueRefusedError as error:
            raise table.fail("categories", f"{text[:60]!r} is not {error}") from error
    return found


def _grammar(table: Table, kind: str, reading: FileReading) -> Grammar:
    """What the column says of its own texts, and what the whole file says."""
    keys = {
        "thousands": values.NUMERIC,
        "unit": values.NUMERIC,
        "date_order": ("date", "timestamp"),
        "utc_offset": ("timestamp",),
    }
    for key, types in keys.items():
        if table.has(key) and kind not in types:
            raise table.fail(key, f"only columns of type {' or '.join(types)} have it, not {kind}")
    numeric = kind in values.NUMERIC
    default = reading.thousands if numeric else ""
    grammar = Grammar(
        type=kind,
        missing=tuple(dict.fromkeys((*reading.missing, *file_reading.markers(table)))),
        decimal=reading.decimal if numeric else ".",
        thousands=table.mark("thousands", ("", *spellings.THOUSANDS), default),
        unit=file_reading.unit(table),
        date_order=table.choice("date_order", spellings.DATE_ORDERS, spellings.DATE_ORDERS[0]),
        utc_offset=file_reading.utc_offset(table),
    )
    if grammar.thousands == grammar.decimal:
        raise table.fail("thousands", f"{grammar.thousands!r} is the decimal mark already")
    return grammar


@dataclass(frozen=True, kw_only=True)
class DatasetContract:
    """What an upload must satisfy before anything is trained on it.

    `bad_row_tolerance_share` (0-1) is the share of rows that may go to quarantine before the whole dataset
    is rejected. `identifiers` name the columns whose values identify a row (empty: all columns but the
    target), by which `split` assigns a row to training or holdout for good. `weight` names the column that
    says how much a row counts, in training and in every metric; empty: all count alike.
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
    reading: FileReading = PLAIN
    weight: str = ""

    @property
    def feature_columns(self) -> tuple[Column, ...]:
        """The columns that a prediction request carries, in order: neither target nor identifiers, nor the
        group of a split by group, which no later row need belong to, nor the weight, nor what is not of
        use."""
        others = {self.target, *self.identifiers, self.split.group, self.weight}
        return tuple(c for c in self.columns if c.use and c.name not in others)

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that say whether two rows are one."""
        names = [column.name for column in self.columns]
        return identifying(self.split, self.identifiers, names, self.target)

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    @classmethod
    def read(cls, table: Table, split: Split = BY_ROW) -> DatasetContract:
        reading = FileReading.read(table.table("reading", required=False))
        contract = cls(
            reading=reading,
            columns=table.tables("columns", partial(Column.read, reading=reading)),
            target=table.text("target"),
            task=table.choice("task", TASKS),
            identifiers=table.texts("identifiers", ()),
            slices=table.texts("slices", ()),
            fairness_groups=table.texts("fairness_groups", ()),
            holdout_share=table.number("holdout_share", 0.01, 0.5, 0.2),
            bad_row_tolerance_share=table.number("bad_row_tolerance_share", 0.0, 1.0, 0.0),
            min_rows=table.integer("min_rows", 10, 1_000_000_000, 100),
            split=split,
            weight=table.text("weight") if table.has("weight") else "",
        )
        table.finish()
        contract._check_names(table)
        return contract

    def _check_names(self, table: Table) -> None:
        names = [c.name for c in self.columns]
        for name in names:
            if names.count(name) > 1:
                raise table.fail("columns", f"{name!r} is declared {names.count(name)} times")
        if own := [name for name in names if name.casefold().startswith(RESERVED_PREFIX)]:
            raise table.fail(
                "columns",
                f"{own[0]!r} begins as the pipeline's own columns do ({RESERVED_PREFIX}); rename it",
            )
        alike = Counter(name.casefold() for name in names)
        if doubled := [name for name in names if alike[name.casefold()] > 1]:
            reason = (
                f"{' and '.join(map(repr, doubled))} differ in case alone, and tables in SQL do not see that"
            )
            raise table.fail("columns", reason)
        for key, wanted in (
            ("target", (self.target,)),
            ("identifiers", self.identifiers),
            ("slices", self.slices),
            ("fairness_groups", self.fairness_groups),
        ):
            for name in wanted:
                if name not in names:
                    raise table.fail(key, f"{name!r} is not among the columns {', '.join(names)}")
        if self.weight:
            self._check_weight(table, names)
        if not self.column(self.target).use:
            raise table.fail("target", f"{self.target!r} is not of use, its column says")
        if self.target in self.identifiers:
            raise table.fail("identifiers", f"the target {self.target!r} cannot identify a row")
        if not self.feature_columns:
            raise table.fail("columns", "there is no column to predict from")
        self._check_texts(table)
        self._check_target(table)

    def _check_texts(self, table: Table) -> None:
        """A text is counted, and so no kind by which rows are told apart."""
        for key, names in (("slices", self.slices), ("fairness_groups", self.fairness_groups)):
            for name in names:
                if self.column(name).hashing:
                    raise table.fail(key, f"{name!r} is of use as text; a slice is a column of few values")

    def _check_weight(self, table: Table, names: list[str]) -> None:
        """A number that is there, and that no rule lets be negative."""
        if self.weight not in names:
            raise table.fail("weight", f"{self.weight!r} is not among the columns {', '.join(names)}")
        if self.weight in (self.target, *self.identifiers, *self.slices, self.split.group, self.split.time):
            raise table.fail("weight", f"{self.weight!r} has another part already")
        column = self.column(self.weight)
        if column.type not in ("number", "integer") or column.nullable:
            raise table.fail("weight", f"{self.weight!r} must be a number or integer that is not nullable")
        if column.minimum is None or column.minimum < 0:
            raise table.fail("weight", f"{self.weight!r} may be negative; give its column min = 0 or more")

    def _check_target(self, table: Table) -> None:
        target = self.column(self.target)
        if target.nullable:
            raise table.fail(
                "target", f"{self.target!r} is nullable; a row without an answer teaches nothing"
            )
        if target.others:
            raise table.fail("target", f"{self.target!r} must name all its classes, without others")
        if self.task == "regression" and target.type not in ("number", "integer"):
            raise table.fail("task", f"regression needs a numeric target; {self.target!r} is {target.type}")
        if self.task == "classification" and target.type not in ("integer", "boolean", "category"):
            raise table.fail(
                "task", f"classification needs a target of classes; {self.target!r} is {target.type}"
            )
