"""Feature recipes: columns that the fitted pipeline derives from the raw ones."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.dataset import DatasetContract
from contracts.reading import Table


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
class FeatureRecipes:
    """All derived features, in the order in which they are appended."""

    ratios: tuple[Ratio, ...]
    rotations: tuple[Rotation, ...]
    distances: tuple[Distance, ...]

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
        return recipes
