"""A user's own class is trained, proved, saved and served like any other estimator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from inference.model.predictor import Predictor
from tests.unit.training_jobs.rows import TARGET, housing_config, housing_rows, write_job
from training_jobs import own
from training_jobs.errors import ParameterError, ParityError, TrainingError, UnsupportedModelError
from training_jobs.job import Job
from training_jobs.train import train


@pytest.fixture(autouse=True)
def _custom_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "PLACE", "tests.unit.training_jobs.own_estimators")


def trained(
    base: Path, name: str, parameters: dict[str, Any] | None = None, bounds: tuple[float, ...] = ()
) -> Job:
    frame = housing_rows(400)
    if bounds:
        frame[TARGET] = np.array(list("abcdef"))[np.digitize(frame[TARGET].to_numpy(), bounds)]
    config = housing_config(f"custom:lines.{name}", parameters or {}, classes=bool(bounds))
    write_job(base, frame, config)
    job = Job.from_environment({"SAGEMAKER_BASE_DIR": str(base)})
    train(job)
    return job


def test_it_is_served_by_onnxruntime_with_the_answers_of_training(tmp_path: Path) -> None:
    job = trained(tmp_path, "Line")
    predictor = Predictor.load(job.model_directory)
    predictor.check()
    assert predictor.engine == "onnxruntime"
    rows = housing_rows(300, seed=9)
    answers = predictor.predict_frame(rows.drop(columns=TARGET))
    assert np.corrcoef(answers, rows[TARGET])[0, 1] > 0.9
    assert np.allclose(answers[5:6], predictor.predict_frame(rows.drop(columns=TARGET).iloc[5:6]), rtol=1e-6)
    manifest = json.loads((job.model_directory / "manifest.json").read_text())
    assert (manifest["estimator"], manifest["engine"]) == ("custom:lines.Line", "onnx")
    assert manifest["parity"]["tolerance"] == 1e-6
    assert manifest["parity"]["largest_difference"] <= 1e-6
    assert manifest["intervals"]["coverage_share"] > 0.8


@pytest.mark.parametrize("bounds", [(150_000.0,), (120_000.0, 200_000.0)], ids=["two", "three"])
def test_classes_are_learnt_as_numbers_and_answered_as_they_are_called(
    tmp_path: Path, bounds: tuple[float, ...]
) -> None:
    predictor = Predictor.load(trained(tmp_path, "Odds", bounds=bounds).model_directory)
    predictor.check()
    assert predictor.model.classes == tuple("abc"[: len(bounds) + 1])
    rows = housing_rows(300, seed=9)
    truth = np.array(list("abc"))[np.digitize(rows[TARGET], bounds)]
    assert (predictor.predict_frame(rows.drop(columns=TARGET)) == truth).mean() > 0.7


def test_its_parameters_are_its_own_and_one_that_it_does_not_take_is_named(tmp_path: Path) -> None:
    job = trained(tmp_path / "halved", "Line", {"slope": 0.5})
    answers = Predictor.load(job.model_directory).predict_frame(housing_rows(50).drop(columns=TARGET))
    assert answers.mean() < 0.7 * housing_rows(50)[TARGET].mean()
    with pytest.raises(ParameterError, match=r"training.parameters of lines.Line: .*steepness"):
        trained(tmp_path / "other", "Line", {"steepness": 2})


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("Liar", ParityError, r"row 1, feature .*the exported model"),
        ("Speechless", UnsupportedModelError, r"Speechless.to_onnx\(\d+\) gave str; expected an onnx.Model"),
        ("WithoutGraph", TrainingError, "lines.WithoutGraph has no to_onnx, which a regression needs"),
        ("Missing", TrainingError, "own_estimators/lines.py has no class Missing"),
    ],
)
def test_what_it_lacks_is_said(tmp_path: Path, name: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        trained(tmp_path, name)


def test_a_module_that_is_not_there_and_one_that_lacks_a_package_are_told_apart() -> None:
    with pytest.raises(TrainingError, match=r"there is no .*own_estimators/lanes.py"):
        own.own_class("lanes", "Line")
    with pytest.raises(TrainingError, match=r"imports 'no_such_package', .*requirements.txt"):
        own.own_class("needy", "Line")


def test_weights_reach_a_class_that_takes_them_and_are_no_silence_where_it_does_not() -> None:
    rows = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]}).to_numpy()
    line = own.own_estimator("lines", "Line", "regression", {}, 1)
    line.fit(rows, [0.0, 1.0, 9.0, 9.0], sample_weight=np.array([1.0, 1.0, 1e-9, 1e-9]))
    assert line.predict(rows)[1] == pytest.approx(1.0, abs=1e-3)
    odds = own.own_estimator("lines", "Odds", "classification", {}, 1)
    with pytest.raises(ParameterError, match=r"Odds.fit takes no sample_weight"):
        odds.fit(rows, ["a", "b", "c", "a"], sample_weight=np.ones(4))
