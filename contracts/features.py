"""Feature recipes: columns that the fitted pipeline derives from the raw ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from contracts.dataset import DatasetContract
from contracts.reading import Table
from contracts.values import DATE_PARTS, DAY_PARTS

_PARTS_OF = {"date": DAY_PARTS, "timestamp": DATE_PARTS}


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """`numerator / denominator`, missing where either is or where the denominator is zero."""

    numerator: str
    denominator: str

    @classmethod
    def read(cls, table: Table) -> Ratio:
        ratio = cls(numerator=table.text("numerator"), denominator=table.text("denominator"))
        table.finish()
        return ratio


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """The coordinates (x, y) rotated by `degrees` about the origin: two new columns."""

    x: str
    y: str
    degrees: float

    @classmethod
    def read(cls, table: Table) -> Rotation:
        rotation = cls(x=table.text("x"), y=table.text("y"), degrees=table.number("degrees", 0.0, 360.0))
        table.finish()
        return rotation


@dataclass(frozen=True, kw_only=True)
class Distance:
    """The planar distance, in units of the columns, from (x, y) to a fixed point `to_x`, `to_y`."""

    name: str
    x: str
    y: str
    to_x: float
    to_y: float

    @classmethod
    def read(cls, table: Table) -> Distance:
        distance = cls(
            name=table.text("name"),
            x=table.text("x"),
            y=table.text("y"),
            to_x=table.number("to_x"),
            to_y=table.number("to_y"),
        )
        table.finish()
        return distance


@dataclass(frozen=True, kw_only=True)
class DateParts:
    """The `parts` (DATE_PARTS) of a column of dates or timestamps, a new column each; by default all that its
    type has. The date itself stays a feature."""

    column: str
    type: str
    parts: tuple[str, ...]

    @classmethod
    def read(cls, table: Table, dataset: DatasetContract) -> DateParts:
        name = table.text("column")
        kinds = {c.name: c.type for c in dataset.feature_columns if c.type in _PARTS_OF}
        if name not in kinds:
            known = ", ".join(kinds) or "none"
            raise table.fail("column", f"{name!r} is no feature of type date or timestamp; those are {known}")
        known_parts = _PARTS_OF[kinds[name]]
        parts = table.texts("parts", known_parts)
        table.finish()
        for index, part in enumerate(parts):
            if part not in known_parts:
                reason = f"{part!r} is not one of {', '.join(known_parts)}, which a {kinds[name]} has"
                raise table.fail(f"parts[{index}]", reason)
        if not parts:
            raise table.fail("parts", "is empty; leave the table out to derive nothing")
        return cls(column=name, type=kinds[name], parts=tuple(dict.fromkeys(parts)))

    def name_of(self, part: str) -> str:
        return f"{self.column}: {part}"


@dataclass(frozen=True, kw_only=True)
class FeatureRecipes:
    """All derived features, in the order in which they are appended."""

    ratios: tuple[Ratio, ...]
    rotations: tuple[Rotation, ...]
    distances: tuple[Distance, ...]
    dates: tuple[DateParts, ...] = ()

    @property
    def count(self) -> int:
        """How many columns are appended."""
        parts = sum(len(recipe.parts) for recipe in self.dates)
        return len(self.ratios) + 2 * len(self.rotations) + len(self.distances) + parts

    @property
    def used_columns(self) -> frozenset[str]:
        """The columns that something is derived from."""
        names = {name for r in self.ratios for name in (r.numerator, r.denominator)}
        names |= {name for rotation in self.rotations for name in (rotation.x, rotation.y)}
        return frozenset(names | {name for point in self.distances for name in (point.x, point.y)})

    @classmethod
    def read(cls, table: Table, dataset: DatasetContract) -> FeatureRecipes:
        recipes = cls(
            ratios=table.tables("ratios", Ratio.read, required=False),
            rotations=table.tables("rotations", Rotation.read, required=False),
            distances=table.tables("distances", Distance.read, required=False),
            dates=table.tables("dates", partial(DateParts.read, dataset=dataset), required=False),
        )
        table.finish()
        numeric = {c.name for c in dataset.feature_columns if c.is_numeric}
        used = [(f"ratios[{i}]", (r.numerator, r.denominator)) for i, r in enumerate(recipes.ratios)]
        used += [(f"rotations[{i}]", (r.x, r.y)) for i, r in enumerate(recipes.rotations)]
        used += [(f"distances[{i}]", (d.x, d.y)) for i, d in enumerate(recipes.distances)]
        for key, names in used:
            for name in names:
                if name not in numeric:
                    raise table.fail(
                        key, f"{name!r} is not a numeric feature; those are {', '.join(sorted(numeric))}"
                    )
        taken = {c.name for c in dataset.columns}
        for index, recipe in enumerate(recipes.dates):
            if recipe.column in [earlier.column for earlier in recipes.dates[:index]]:
                raise table.fail(f"dates[{index}].column", f"{recipe.column!r} is taken apart twice")
            for part in recipe.parts:
                if (name := recipe.name_of(part)) in taken:
                    raise table.fail(f"dates[{index}]", f"would make {name!r}, which is a column already")
        return recipes
