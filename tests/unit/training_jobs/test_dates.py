"""Dates and timestamps become their parts, and an exported model takes them apart as the pipeline did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from inference.model import DATE_PARTS
from inference.model.artefact import Artefact
from inference.model.predictor import Predictor
from tests.unit.training_jobs.rows import housing_config
from training_jobs.dataset import Dataset
from training_jobs.experiment import Experiment
from training_jobs.export import export_model
from training_jobs.export.parity import prove_parity
from training_jobs.features import derived_features

COUNT = 400


def dated_config(estimator: str, *dates: dict[str, Any], **parameters: Any) -> PipelineConfig:
    document = housing_config(estimator, parameters).as_document()
    document["dataset"] = {
        "target": "sales",
        "task": "regression",
        "columns": [
            {"name": "sales", "type": "number"},
            {"name": "day", "type": "date"},
            {"name": "at", "type": "timestamp", "nullable": True},
            {"name": "price", "type": "number"},
        ],
    }
    document["features"] = {"dates": list(dates)}
    return PipelineConfig.from_document(document)


def rows_of_sales() -> Dataset:
    """Sales that depend on the weekday and the hour alone."""
    random = np.random.default_rng(4)
    days = random.integers(15_000, 19_000, COUNT).astype(float)
    seconds = days * 86_400 + random.integers(0, 86_400, COUNT)
    sales = 10.0 * ((days + 3) % 7) + seconds // 3600 % 24
    at = np.where(random.random(COUNT) < 0.05, np.nan, seconds)
    return Dataset(pd.DataFrame({"day": days, "at": at, "price": random.random(COUNT)}), sales)


@pytest.mark.parametrize("estimator", ["hist_gradient_boosting", "linear", "lightgbm"])
def test_a_model_of_dates_is_served_exactly(estimator: str) -> None:
    config = dated_config(estimator, {"column": "day"}, {"column": "at", "parts": ["hour", "month"]})
    dataset = rows_of_sales()
    pipeline = Experiment(config, dataset, 1).fit({})
    model = export_model(pipeline, config.dataset.feature_columns)
    empty = np.empty((0, 0))
    report = prove_parity(pipeline, Predictor(Artefact({}, model, empty, empty)), dataset.features)
    assert report.largest_difference <= report.tolerance
    assert "date_part" in {step.op for step in model.steps}


def test_what_hangs_on_the_weekday_is_learnt_from_its_part() -> None:
    dataset = rows_of_sales()
    errors = []
    for dates in ((), ({"column": "day", "parts": ["weekday"]}, {"column": "at", "parts": ["hour"]})):
        experiment = Experiment(dated_config("hist_gradient_boosting", *dates), dataset, 1)
        errors.append(np.mean([scores["rmse_error"] for scores in experiment.fold_scores({})]))
    assert errors[1] < errors[0] / 3


def test_the_parts_are_all_that_a_column_has_unless_they_are_named() -> None:
    recipes = dated_config("linear", {"column": "day"}, {"column": "at", "parts": ["hour"]}).features
    names = [step[0] for step in derived_features(recipes).steps]
    assert names == [*(f"day: {part}" for part in DATE_PARTS[:-1]), "at: hour"]
    assert recipes.count == len(names)
    assert dated_config("linear", {"column": "at"}).features.dates[0].parts == DATE_PARTS


def test_without_the_key_dates_are_what_they_were() -> None:
    assert derived_features(dated_config("linear").features).steps == ()


@pytest.mark.parametrize(
    ("dates", "reason"),
    [
        ({"column": "price"}, r"dates\[0\].column: 'price' is no feature of type date or timestamp.*day, at"),
        ({"column": "day", "parts": ["hour"]}, r"parts\[0\]: 'hour' is not one of year"),
        ({"column": "day", "parts": []}, "parts: is empty"),
    ],
)
def test_what_has_no_such_parts_is_refused(dates: dict[str, Any], reason: str) -> None:
    with pytest.raises(PipelineConfigError, match=reason):
        dated_config("linear", dates)


def test_a_column_is_taken_apart_once() -> None:
    with pytest.raises(PipelineConfigError, match=r"dates\[1\].column: 'day' is taken apart twice"):
        dated_config("linear", {"column": "day"}, {"column": "day"})
