"""What others reach on the same rows: `python peers.py JOB.json OUTPUT`, in the venv of the tables.

The job names the Parquet files, the columns and the time; answers are written as OUTPUT/NAME.npy: values,
or probabilities in the order of the sorted classes. It imports nothing of the project.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SEED = 42


def peers(classify: bool, job: dict[str, Any]) -> dict[str, Any]:
    boosting = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    forest = RandomForestClassifier if classify else RandomForestRegressor
    linear = LogisticRegression(max_iter=1000) if classify else RidgeCV()
    texts = make_column_selector(dtype_include=object)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False, max_categories=100)

    def columns(scale: bool) -> ColumnTransformer:
        fill = SimpleImputer(strategy="median", keep_empty_features=True)
        numbers = make_pipeline(fill, StandardScaler()) if scale else "passthrough"
        rest = make_column_selector(dtype_exclude=object)
        return ColumnTransformer([("texts", one_hot, texts), ("numbers", numbers, rest)])

    return {
        "boosting": make_pipeline(columns(False), boosting(random_state=SEED)),
        "forest": make_pipeline(columns(False), forest(random_state=SEED, n_jobs=-1)),
        "linear": make_pipeline(columns(True), linear),
        "flaml": Flaml(job),
    }


class Flaml:
    """FLAML with as much time as the pipeline's own choice took, by the same metric."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job

    def fit(self, rows: pd.DataFrame, target: Any) -> Flaml:
        from flaml import AutoML

        self.model = AutoML()
        rows = rows.assign(**{c: rows[c].astype("category") for c in rows.columns if rows[c].dtype == object})
        self.kinds = rows.dtypes
        self.model.fit(
            rows,
            target,
            task=self.job["task"],
            metric="log_loss" if self.job["task"] == "classification" else "rmse",
            time_budget=self.job["budget_seconds"],
            seed=SEED,
            verbose=0,
        )
        return self

    def predict(self, rows: pd.DataFrame) -> Any:
        return self.model.predict(rows.astype(self.kinds.to_dict()))

    def predict_proba(self, rows: pd.DataFrame) -> Any:
        return self.model.predict_proba(rows.astype(self.kinds.to_dict()))


def frame_of(path: str, job: dict[str, Any]) -> pd.DataFrame:
    """Texts as objects, everything else as numbers with NaN, as a notebook would have them."""
    frame = pd.read_parquet(path)
    for name, kind in job["columns"].items():
        if kind == "category":
            frame[name] = frame[name].astype(object).where(frame[name].notna(), "missing")
        elif kind == "date":
            frame[name] = (pd.to_datetime(frame[name]) - pd.Timestamp("1970-01-01")).dt.days.astype(float)
        else:
            frame[name] = frame[name].astype(float)
    return frame


def main(path: str, output: str) -> None:
    warnings.simplefilter("ignore")
    job = json.loads(Path(path).read_text())
    classify = job["task"] == "classification"
    train, test = frame_of(job["train"], job), frame_of(job["holdout"], job)
    target = train[job["target"]].astype(str if classify else float).to_numpy()
    features = list(job["columns"])
    seconds: dict[str, float | str] = {}
    Path(output).mkdir(parents=True, exist_ok=True)
    for name, model in peers(classify, job).items():
        began = time.perf_counter()
        try:
            model.fit(train[features], target)
            ask = model.predict_proba if classify else model.predict
            np.save(Path(output) / f"{name}.npy", np.asarray(ask(test[features]), dtype=float))
        except Exception as error:  # a peer that cannot take the table is told, not hidden
            seconds[f"{name}_error"] = f"{type(error).__name__}: {str(error)[:200]}"
        seconds[name] = time.perf_counter() - began
    (Path(output) / "peers.json").write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
