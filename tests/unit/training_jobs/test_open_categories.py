"""Of a column in which other texts may come, all but its own categories are alike to the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from contracts.pipeline_config import PipelineConfig
from inference.model.predictor import Predictor
from tests.unit.training_jobs.rows import dataset_of, housing_config, housing_rows
from training_jobs.experiment import Experiment
from training_jobs.export import export_model
from training_jobs.export.checks import with_check_rows
from training_jobs.export.parity import prove_parity

NAMED = ["INLAND", "NEAR BAY"]
ESTIMATORS = ["hist_gradient_boosting", "lightgbm", "linear"]


def open_config(estimator: str, *, nullable: bool) -> PipelineConfig:
    document: Any = housing_config(estimator, {}).as_document()
    column = next(c for c in document["dataset"]["columns"] if c["name"] == "ocean_proximity")
    column |= {"categories": NAMED, "others": True, "nullable": nullable}
    document["training"]["monotone"] = {} if estimator == "linear" else {"median_income": "increasing"}
    return PipelineConfig.from_document(document)


def exported(estimator: str, frame: pd.DataFrame, *, nullable: bool) -> tuple[Experiment, Any, Predictor]:
    experiment = Experiment(open_config(estimator, nullable=nullable), dataset_of(frame), 42)
    pipeline = experiment.fit({})
    model = export_model(pipeline, experiment.config.dataset.feature_columns)
    return experiment, pipeline, Predictor(with_check_rows(model, experiment.dataset.features, 1))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_rare_values_and_those_that_training_never_saw_get_the_same_answer(estimator: str) -> None:
    frame = housing_rows(800)
    experiment, pipeline, predictor = exported(estimator, frame, nullable=False)
    features = experiment.dataset.features
    as_one = [
        predictor.predict_frame(features.assign(ocean_proximity=text))
        for text in ("ISLAND", "<1H OCEAN", "Atlantis")
    ]
    assert np.array_equal(as_one[0], as_one[1])
    assert np.array_equal(as_one[0], as_one[2])
    assert not np.array_equal(as_one[0], predictor.predict_frame(features.assign(ocean_proximity="INLAND")))
    assert prove_parity(pipeline, predictor, features).largest_difference <= 1e-9


def test_a_missing_value_is_told_apart_from_the_others() -> None:
    frame = housing_rows(800)
    gone = frame.index[::3]
    frame.loc[gone, "ocean_proximity"] = None
    frame.loc[gone, "median_house_value"] += 200_000.0
    experiment, pipeline, predictor = exported("linear", frame, nullable=True)
    features = experiment.dataset.features
    missing, other = (
        predictor.predict_frame(features.assign(ocean_proximity=pd.Series([text] * len(frame), dtype=object)))
        for text in (None, "ISLAND")
    )
    assert np.median(missing - other) > 100_000
    assert prove_parity(pipeline, predictor, features).largest_difference <= 1e-9
