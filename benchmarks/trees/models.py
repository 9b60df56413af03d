"""The models whose trees are followed: each fitted on the same rows of numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMRegressor
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from xgboost import XGBRegressor

from inference.model import FloatArray, InputColumn, Model
from training_jobs.export import boosters, scikit
from training_jobs.export.sources import Layout, Source

SEED = 42
CLASSES = 5


@dataclass(frozen=True)
class Rows:
    """Features (n, columns) and target (n,), for fitting and for asking."""

    fit: FloatArray
    target: FloatArray
    ask: FloatArray


@dataclass(frozen=True)
class Candidate:
    """A kind of model: its name, how it is made, how it is exported, and whether it tells classes apart."""

    name: str
    make: Callable[[], Any]
    export: Callable[..., Any]
    is_classifier: bool = False


CANDIDATES = (
    Candidate(
        "HistGradientBoosting, 400 trees of 31 leaves",
        lambda: HistGradientBoostingRegressor(max_iter=400, early_stopping=False, random_state=SEED),
        scikit.hist_gradient_boosting,
    ),
    Candidate(
        "XGBoost, 500 trees of depth 6",
        lambda: XGBRegressor(n_estimators=500, max_depth=6, learning_rate=0.05, n_jobs=1, random_state=SEED),
        boosters.xgboost,
    ),
    Candidate(
        "LightGBM, 500 trees of 127 leaves",
        lambda: LGBMRegressor(n_estimators=500, num_leaves=127, n_jobs=1, verbose=-1, random_state=SEED),
        boosters.lightgbm,
    ),
    Candidate(
        "RandomForest, 100 trees unpruned",
        lambda: RandomForestRegressor(100, n_jobs=1, random_state=SEED),
        scikit.forest,
    ),
    Candidate(
        "ExtraTrees, 300 trees unpruned",
        lambda: ExtraTreesRegressor(300, n_jobs=1, random_state=SEED),
        scikit.forest,
    ),
    Candidate(
        f"RandomForest, 100 trees, {CLASSES} classes",
        lambda: RandomForestClassifier(100, n_jobs=1, random_state=SEED),
        scikit.forest,
        is_classifier=True,
    ),
)


def read_rows(path: Path, asked: int) -> Rows:
    """The housing rows as numbers, texts by their rank.

    The rows asked about are the fifth that was not fitted on, over and over until there are enough.
    """
    table = pd.read_csv(path).dropna()
    target = table.pop("median_house_value").to_numpy(dtype=np.float64)
    for name in table.select_dtypes(exclude="number"):
        table[name] = table[name].astype("category").cat.codes.astype(np.float64)
    values = table.to_numpy(dtype=np.float64)
    order = np.random.default_rng(SEED).permutation(len(values))
    fitted, rest = np.split(order, [len(order) * 4 // 5])
    return Rows(
        values[fitted],
        target[fitted],
        np.ascontiguousarray(np.resize(values[rest], (asked, values.shape[1]))),
    )


def fit(candidate: Candidate, rows: Rows) -> Any:
    target = rows.target
    if candidate.is_classifier:
        edges = np.quantile(target, np.linspace(0, 1, CLASSES + 1)[1:-1])
        target = np.digitize(target, edges).astype(np.float64)
    return candidate.make().fit(rows.fit, target)


def export(candidate: Candidate, fitted: Any, columns: int) -> Model:
    """The model as the endpoint's artefact holds it."""
    layout = Layout([InputColumn(f"x{i}", "number") for i in range(columns)])
    head, arrays, classes = candidate.export(fitted, [Source(i) for i in range(columns)], layout)
    return Model(tuple(layout.columns), (), head, tuple(float(c) for c in classes), arrays)
