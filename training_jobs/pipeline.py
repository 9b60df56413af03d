"""The scikit-learn pipeline of a configuration: derived features, columns made ready, estimator."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from contracts.pipeline_config import PipelineConfig
from training_jobs.estimators import Parameters, make_estimator, needs_scaling
from training_jobs.features import derived_features

# More categories than this become one column of codes instead of a column each.
MAX_ONE_HOT = 32


def build_pipeline(
    config: PipelineConfig,
    category_counts: dict[str, int],
    rows: pd.DataFrame,
    parameters: Parameters,
    seed: int,
    threads: int,
) -> Pipeline:
    """Unfitted, for the given rows. `category_counts` tells how many values each category column has."""
    name = config.training.estimator
    return Pipeline(
        [
            ("features", derived_features(config.features)),
            ("columns", _columns(_numbers(config, rows), category_counts, scale=needs_scaling(name))),
            ("estimator", make_estimator(name, config.dataset.task, parameters, seed, threads)),
        ]
    )


def _numbers(config: PipelineConfig, rows: pd.DataFrame) -> list[str]:
    """The number columns, raw and derived, that hold anything at all in these rows: from one that is missing
    throughout nothing can be learnt, and some estimators refuse it."""
    frame = derived_features(config.features).fit_transform(rows)
    categories = {c.name for c in config.dataset.feature_columns if c.type == "category"}
    return [name for name in frame.columns if name not in categories and frame[name].notna().any()]


def _columns(numbers: list[str], category_counts: dict[str, int], *, scale: bool) -> ColumnTransformer:
    few = [name for name, count in category_counts.items() if scale or count <= MAX_ONE_HOT]
    many = [name for name in category_counts if name not in few]
    parts: list[tuple[str, Any, list[str]]] = []
    if numbers:
        parts.append(("numbers", _scaled() if scale else "passthrough", numbers))
    if few:
        parts.append(("one_hot", OneHotEncoder(handle_unknown="ignore", sparse_output=False), few))
    if many:
        parts.append(("codes", _ordinal(), many))
    return ColumnTransformer(parts, verbose_feature_names_out=False)


def _scaled() -> Pipeline:
    return Pipeline(
        [
            ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("scale", StandardScaler()),
        ]
    )


def _ordinal() -> OrdinalEncoder:
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
