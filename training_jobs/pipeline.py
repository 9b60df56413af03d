"""The scikit-learn pipeline of a configuration: derived features, columns made ready, estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from contracts.hashing import TextHashing
from contracts.pipeline_config import PipelineConfig
from training_jobs.choice import Member
from training_jobs.dataset import Dataset
from training_jobs.estimators import make_estimator, needs_scaling
from training_jobs.features import derived_features
from training_jobs.folds import encoding_folds
from training_jobs.texts import HashedTexts

# More categories than this become their mean target instead of a column each.
MAX_ONE_HOT = 32


def build_pipeline(
    config: PipelineConfig,
    category_counts: dict[str, int],
    rows: Dataset,
    member: Member,
    seed: int,
    threads: int,
) -> Pipeline:
    """Unfitted, for the given rows. `category_counts` tells how many values each category column has."""
    name = member.estimator
    numbers = _numbers(config, rows.features)
    columns = _columns(config, numbers, category_counts, rows, seed, scale=needs_scaling(name))
    estimator = make_estimator(name, config.dataset.task, member.parameters, seed, threads)
    if config.training.monotone:
        estimator.set_params(**{_CONSTRAINTS[name]: _held(config, numbers, category_counts, rows.features)})
    return Pipeline(
        [("features", derived_features(config.features)), ("columns", columns), ("estimator", estimator)]
    )


def _numbers(config: PipelineConfig, rows: pd.DataFrame) -> list[str]:
    """The number columns, raw and derived, that hold anything at all in these rows: from one that is missing
    throughout nothing can be learnt, and some estimators refuse it."""
    frame = derived_features(config.features).fit_transform(rows)
    words = {c.name for c in config.dataset.feature_columns if c.hashing or c.type == "category"}
    return [name for name in frame.columns if name not in words and frame[name].notna().any()]


def _columns(
    config: PipelineConfig,
    numbers: list[str],
    category_counts: dict[str, int],
    rows: Dataset,
    seed: int,
    *,
    scale: bool,
) -> ColumnTransformer:
    named = _named(config, category_counts)
    few = [name for name, count in category_counts.items() if count <= MAX_ONE_HOT and name not in named]
    many = [name for name in category_counts if name not in few and name not in named]
    parts: list[tuple[str, Any, list[str]]] = []
    if numbers:
        parts.append(("numbers", _scaled() if scale else "passthrough", numbers))
    if few:
        parts.append(("one_hot", OneHotEncoder(handle_unknown="ignore", sparse_output=False), few))
    if named:
        encoder = OneHotEncoder(categories=list(named.values()), handle_unknown="ignore", sparse_output=False)
        parts.append(("named", encoder, list(named)))
    if texts := {c.name: c.hashing for c in config.dataset.feature_columns if c.hashing}:
        parts.append(("texts", _counts(texts, scale=scale), list(texts)))
    if many:
        parts.append(("means", _means(config, rows, seed, scale=scale), many))
    return ColumnTransformer(parts, verbose_feature_names_out=False)


def _named(config: PipelineConfig, category_counts: dict[str, int]) -> dict[str, list[Any]]:
    """Of each column in which other texts may come, the values that are told apart, NaN being a missing one.
    All others are alike, in training as in serving, for they have no input of their own."""
    return {
        c.name: [*c.categories, *([np.nan] if c.nullable else [])]
        for c in config.dataset.feature_columns
        if c.others and category_counts[c.name] <= MAX_ONE_HOT
    }


_CONSTRAINTS = {
    "hist_gradient_boosting": "monotonic_cst",
    "xgboost": "monotone_constraints",
    "lightgbm": "monotone_constraints",
}


def _held(
    config: PipelineConfig, numbers: list[str], category_counts: dict[str, int], rows: pd.DataFrame
) -> tuple[int, ...]:
    """1 for each input of the estimator by which its answer must rise, -1 where it must fall, else 0. Numbers
    come first; of categories there is one input a value, or one a column of many; of texts one a bucket."""
    named = _named(config, category_counts)
    few = [name for name, count in category_counts.items() if count <= MAX_ONE_HOT and name not in named]
    others = sum(int(rows[name].nunique(dropna=False)) for name in few)
    others += sum(map(len, named.values())) + len(category_counts) - len(few) - len(named)
    others += sum(c.hashing.buckets for c in config.dataset.feature_columns if c.hashing)
    return (*(config.training.monotone.get(name, 0) for name in numbers), *[0] * others)


def _scaled() -> Pipeline:
    return Pipeline(
        [
            ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("scale", StandardScaler()),
        ]
    )


def _counts(texts: dict[str, TextHashing], *, scale: bool) -> Any:
    hashed = HashedTexts(texts)
    return Pipeline([("counts", hashed), ("scale", StandardScaler())]) if scale else hashed


def _means(config: PipelineConfig, rows: Dataset, seed: int, *, scale: bool) -> Any:
    """Each category's mean target, shrunk towards the mean of all. Rows to be fitted get the means of other
    rows (scikit-learn's cross fitting), kept apart as the split keeps them, or a category of few rows would
    give their answers away."""
    contract = config.dataset
    folds = encoding_folds(rows.target, contract.task, contract.split, rows.keys, seed)
    kind = "continuous" if contract.task == "regression" else "auto"
    encoder = TargetEncoder(target_type=kind, cv=folds)
    return Pipeline([("means", encoder), ("scale", StandardScaler())]) if scale else encoder
