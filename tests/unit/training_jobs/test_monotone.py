"""An answer that must rise with a column does, whatever else the rows say, and so does what is served."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest

from contracts.estimators import MONOTONE
from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from inference.model.artefact import Artefact
from inference.model.predictor import Predictor
from tests.unit.training_jobs.rows import ROOT, TARGET, dataset_of, housing_rows
from training_jobs.auto import search
from training_jobs.experiment import Experiment
from training_jobs.export import export_model
from training_jobs.export.parity import served_answers


def config_of(estimator: str, monotone: dict[str, str], **training: Any) -> PipelineConfig:
    document = tomllib.loads((ROOT / "pipeline.toml").read_text())
    document["training"] = {"estimator": estimator, "monotone": monotone, **training}
    document["gate"] = {}
    return PipelineConfig.from_document(document)


def wavy() -> Any:
    frame = housing_rows(500)
    frame[TARGET] = 1000 * frame["median_income"] + 4000 * np.sin(3 * frame["median_income"])
    return frame


@pytest.mark.parametrize("direction", ["increasing", "decreasing"])
@pytest.mark.parametrize("estimator", MONOTONE)
def test_the_served_answer_rises_or_falls_with_the_column(estimator: str, direction: str) -> None:
    config = config_of(estimator, {"median_income": direction})
    experiment = Experiment(config, dataset_of(wavy()), 42)
    pipeline = experiment.fit({"max_iter": 40})
    empty = np.empty((0, 0))
    predictor = Predictor(Artefact({}, export_model(pipeline, config.dataset.feature_columns), empty, empty))
    row = experiment.dataset.features.iloc[[7] * 300].assign(median_income=np.linspace(0.5, 12, 300))
    steps = np.diff(served_answers(predictor, row)[:, 0]) * (1 if direction == "increasing" else -1)
    assert (steps >= 0).all()


def test_auto_tries_only_what_can_be_held() -> None:
    config = config_of("auto", {"median_income": "increasing"}, budget_seconds=1)
    found = search(Experiment(config, dataset_of(wavy()), 42))
    assert {trial["parameters"]["estimator"] for trial in found.history} <= set(MONOTONE)


@pytest.mark.parametrize(
    ("estimator", "monotone", "message"),
    [
        ("linear", {"median_income": "increasing"}, r"training\.monotone: 'linear' cannot be held to it"),
        ("auto", {"ocean_proximity": "increasing"}, r"monotone\.ocean_proximity: is not a numeric feature"),
        ("auto", {"population": "increasing"}, r"monotone\.population: features are derived from it"),
        ("auto", {"median_income": "up"}, r"monotone\.median_income: 'up' is not one of increasing"),
    ],
)
def test_what_cannot_be_held_is_named(estimator: str, monotone: dict[str, str], message: str) -> None:
    with pytest.raises(PipelineConfigError, match=message):
        config_of(estimator, monotone)
