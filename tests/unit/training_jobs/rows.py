"""Rows in the housing schema, made by a seed; and the real ones where they lie beside the project."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contracts.pipeline_config import PipelineConfig
from training_jobs.dataset import Dataset
from training_jobs.experiment import Experiment

ROOT = Path(__file__).resolve().parents[3]
TARGET = "median_house_value"
CATEGORIES = ("<1H OCEAN", "INLAND", "ISLAND", "NEAR BAY", "NEAR OCEAN")


def housing_rows(count: int, seed: int = 7) -> pd.DataFrame:
    """A frame like the census's: coordinates, counts that hang together, some bedrooms missing."""
    random = np.random.default_rng(seed)
    households = random.integers(5, 2000, count).astype(float)
    income = np.round(random.gamma(4.0, 1.0, count) + 0.5, 4)
    frame = pd.DataFrame(
        {
            "longitude": np.round(random.uniform(-124.3, -114.3, count), 2),
            "latitude": np.round(random.uniform(32.5, 42.0, count), 2),
            "housing_median_age": random.integers(1, 53, count).astype(float),
            "total_rooms": households * random.integers(3, 8, count),
            "total_bedrooms": households + random.integers(0, 50, count),
            "population": households * random.integers(1, 5, count),
            "households": households,
            "median_income": income,
            TARGET: np.round(40_000 * income + random.normal(0, 9_000, count), 0),
            "ocean_proximity": random.choice(CATEGORIES, count, p=(0.4, 0.3, 0.02, 0.13, 0.15)),
        }
    )
    frame.loc[random.random(count) < 0.05, "total_bedrooms"] = np.nan
    frame["ocean_proximity"] = frame["ocean_proximity"].astype(object)
    return frame


def real_housing_rows() -> pd.DataFrame:
    """The census's own rows, or a skipped test."""
    path = Path(os.environ.get("HOUSING_CSV", ROOT.parent / "shared" / "data" / "housing.csv"))
    if not path.is_file():
        pytest.skip(f"no housing.csv at {path}; set HOUSING_CSV to run this on the real rows")
    frame = pd.read_csv(path)
    frame["ocean_proximity"] = frame["ocean_proximity"].astype(object)
    return frame


def housing_config(estimator: str, parameters: dict[str, Any], *, classes: bool = False) -> PipelineConfig:
    """The project's own configuration with another estimator, or with classes to predict."""
    document = tomllib.loads((ROOT / "pipeline.toml").read_text())
    document["training"] |= {"estimator": estimator, "parameters": parameters}
    document["training"].pop("search", None)
    document["gate"] = {}
    if classes:
        document["dataset"]["task"] = "classification"
        column = next(c for c in document["dataset"]["columns"] if c["name"] == TARGET)
        column.pop("min", None)
        column["type"] = "category"
    return PipelineConfig.from_document(document)


def dataset_of(frame: pd.DataFrame, bounds: tuple[float, ...] = ()) -> Dataset:
    """Features and target; `bounds` cut the target into classes "a", "b", ..."""
    target = frame[TARGET].to_numpy()
    if bounds:
        target = np.array(list("abcdef"))[np.digitize(target, bounds)]
    return Dataset(frame.drop(columns=TARGET), target)


def experiment_on(
    frame: pd.DataFrame, estimator: str, parameters: dict[str, Any], bounds: tuple[float, ...] = ()
) -> Experiment:
    config = housing_config(estimator, parameters, classes=bool(bounds))
    return Experiment(config, dataset_of(frame, bounds), 42)


def write_job(base: Path, frame: pd.DataFrame, config: PipelineConfig, **hyperparameters: str) -> Path:
    """A directory as SageMaker mounts it at /opt/ml."""
    for channel in ("train", "contract"):
        (base / "input/data" / channel).mkdir(parents=True)
    frame.to_parquet(base / "input/data/train/train.parquet", index=False)
    (base / "input/data/contract/contract.json").write_text(json.dumps(config.as_document()))
    (base / "input/config").mkdir(parents=True)
    (base / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters))
    return base
