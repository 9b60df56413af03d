"""Feature recipes as a scikit-learn transformer, so that they are part of the fitted pipeline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from contracts.features import DateParts, Distance, FeatureRecipes, Ratio, Rotation
from inference.model import DATE_PARTS, Step
from inference.model.features import combine, date_part, distance, ratio

# In what columns of dates and timestamps count, see inference.formats.tables.
_UNITS_PER_DAY = {"date": 1.0, "timestamp": 86_400.0}


class DerivedFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Appends one column per step of `steps` [(name, operation, column a, column b, p, q)] to a frame.

    It learns nothing from the rows, so it cannot leak. The arithmetic is inference.model.features' own.
    """

    def __init__(self, steps: Sequence[Sequence[Any]] = ()) -> None:
        self.steps = steps

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's name
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = len(X.columns)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803 - scikit-learn's name
        X = _with_missing_texts_as_nan(X)  # noqa: N806 - scikit-learn's name
        derived = {}
        for name, operation, a, b, p, q in self.steps:
            left = X[a].to_numpy(dtype=np.float64)
            right = X[b].to_numpy(dtype=np.float64)
            derived[name] = _apply(operation, left, right, p, q)
        return pd.concat([X, pd.DataFrame(derived, index=X.index)], axis=1) if derived else X

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        return np.asarray([*self.feature_names_in_, *(step[0] for step in self.steps)], dtype=object)

    def as_steps(self, position: dict[str, int]) -> list[Step]:
        """The same steps for an exported model; `position` maps a column's name to its entry."""
        return [Step(op, position[a], position[b], p, q) for _, op, a, b, p, q in self.steps]


def _with_missing_texts_as_nan(frame: pd.DataFrame) -> pd.DataFrame:
    """Encoders tell None from NaN, and take only NaN for missing; for us both are."""
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name].dtype)]
    if not texts:
        return frame
    return frame.assign(**{name: _nan_for_missing(frame[name]) for name in texts})


def _nan_for_missing(column: pd.Series[Any]) -> pd.Series[Any]:
    values = column.to_numpy(dtype=object, copy=True)
    values[column.isna().to_numpy()] = np.nan
    return pd.Series(values, index=column.index, dtype=object)


def derived_features(recipes: FeatureRecipes) -> DerivedFeatures:
    """The transformer of a configuration's recipes, in the order in which they are declared."""
    steps = [_ratio(recipe) for recipe in recipes.ratios]
    for rotation in recipes.rotations:
        steps += _rotation(rotation)
    for point in recipes.distances:
        steps.append(_distance(point))
    for recipe in recipes.dates:
        steps += _date_parts(recipe)
    return DerivedFeatures(tuple({step[0]: step for step in steps}.values()))


def _apply(operation: str, a: Any, b: Any, p: float, q: float) -> Any:
    if operation == "ratio":
        return ratio(a, b)
    if operation == "date_part":
        return date_part(a, int(p), q)
    return combine(a, b, p, q) if operation == "combine" else distance(a, b, p, q)


def _ratio(recipe: Ratio) -> tuple[str, str, str, str, float, float]:
    name = f"{recipe.numerator}_per_{recipe.denominator}"
    return (name, "ratio", recipe.numerator, recipe.denominator, 0.0, 0.0)


def _rotation(recipe: Rotation) -> list[tuple[str, str, str, str, float, float]]:
    cos, sin = math.cos(math.radians(recipe.degrees)), math.sin(math.radians(recipe.degrees))
    suffix = f"rotated_{recipe.degrees:g}"
    return [
        (f"{recipe.x}_{suffix}", "combine", recipe.x, recipe.y, cos, sin),
        (f"{recipe.y}_{suffix}", "combine", recipe.x, recipe.y, -sin, cos),
    ]


def _distance(recipe: Distance) -> tuple[str, str, str, str, float, float]:
    return (f"distance_to_{recipe.name}", "distance", recipe.x, recipe.y, recipe.to_x, recipe.to_y)


def _date_parts(recipe: DateParts) -> list[tuple[str, str, str, str, float, float]]:
    column, units = recipe.column, _UNITS_PER_DAY[recipe.type]
    return [
        (recipe.name_of(part), "date_part", column, column, float(DATE_PARTS.index(part)), units)
        for part in recipe.parts
    ]
