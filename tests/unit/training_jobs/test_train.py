from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contracts.pipeline_config import PipelineConfig
from inference.formats.bodies import read_csv
from inference.model.predictor import Predictor
from operations.rebuild import hyperparameters
from tests.unit.training_jobs.rows import ROOT, TARGET, housing_config, housing_rows, write_job
from training_jobs.__main__ import main
from training_jobs.errors import DatasetError, InputError, ParameterError
from training_jobs.job import Job
from training_jobs.train import train

QUICK = {"max_iter": 8}


def job_in(base: Path, **environment: str) -> Job:
    return Job.from_environment({"SAGEMAKER_BASE_DIR": str(base), **environment})


def quick_job(base: Path, frame: pd.DataFrame | None = None, **hyperparameters: str) -> Job:
    config = housing_config("hist_gradient_boosting", QUICK)
    write_job(base, housing_rows(300) if frame is None else frame, config, **hyperparameters)
    return job_in(base, TRAINING_JOB_NAME="job-1", DATASET_VERSION="v1", TRAINING_IMAGE_URI="repo@sha256:0")


def manifest_of(job: Job) -> dict[str, Any]:
    return dict(json.loads((job.model_directory / "manifest.json").read_text()))


def test_a_job_leaves_a_model_that_serves_and_says_where_it_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = quick_job(tmp_path)
    train(job)

    predictor = Predictor.load(job.model_directory)
    predictor.check()
    rows = housing_rows(50, seed=3).drop(columns=TARGET)
    assert np.isfinite(predictor.predict_frame(rows)).all()
    manifest = manifest_of(job)
    assert manifest["task"] == "regression"
    assert manifest["target"] == TARGET
    assert manifest["columns"][-1] == {"name": "ocean_proximity", "type": "category"}
    assert manifest["parameters"] == QUICK
    assert (manifest["training_job_name"], manifest["dataset_version"]) == ("job-1", "v1")
    assert manifest["training_image_uri"] == "repo@sha256:0"
    assert manifest["parity"]["largest_difference"] == 0
    printed = capsys.readouterr().out
    value = manifest["cv_metrics"]["rmse_error"]
    assert f"metric cv_rmse_error={value:.9g};" in printed


def test_the_same_data_seed_and_parameters_give_the_same_model(tmp_path: Path) -> None:
    jobs = [quick_job(tmp_path / str(number)) for number in range(2)]
    other = quick_job(tmp_path / "other", seed="7")
    for job in (*jobs, other):
        train(job)

    assert manifest_of(jobs[0])["model_hash"] == manifest_of(jobs[1])["model_hash"]
    assert manifest_of(other)["seed"] == 7


def test_terms_that_cancel_out_are_no_fault_of_the_export(tmp_path: Path) -> None:
    """An answer near zero, made of terms in the hundreds, differs from another sum of them in most digits."""
    frame = housing_rows(300)
    numbers = [name for name in frame if name not in (TARGET, "ocean_proximity")]
    first, second = numbers[:2]
    chance = np.random.default_rng(1)
    left, right = chance.uniform(-1, 1, 300).round(3), chance.uniform(-1, 1, 300).round(3)
    right[:100] = left[:100]
    frame[first], frame[second] = left, right
    frame[TARGET] = 1000.0 * (frame[first] - frame[second])
    write_job(tmp_path, frame, housing_config("linear", {}))
    job = job_in(tmp_path)
    train(job)
    assert manifest_of(job)["parity"]["rows"]


def test_parameters_of_an_earlier_manifest_are_used_without_a_search(tmp_path: Path) -> None:
    job = quick_job(tmp_path, parameters='{"max_iter": 5, "learning_rate": 0.2}')
    train(job)

    assert manifest_of(job)["parameters"] == {"max_iter": 5, "learning_rate": 0.2}


def test_a_blend_is_fitted_again_from_the_members_of_its_manifest(tmp_path: Path) -> None:
    members = [
        {"estimator": "hist_gradient_boosting", "parameters": {"max_iter": 5}, "weight": 0.75},
        {"estimator": "linear", "parameters": {}, "weight": 0.25},
    ]
    first = quick_job(tmp_path / "first", members=json.dumps(members))
    train(first)
    manifest = manifest_of(first)
    again = quick_job(tmp_path / "again", None, **hyperparameters(manifest))
    train(again)

    assert manifest["members"] == members
    assert manifest_of(again)["model_hash"] == manifest["model_hash"]
    assert manifest_of(again)["fitted_hash"] == manifest["fitted_hash"]
    assert manifest["configuration"]["training"]
    assert manifest["cpu_features"]


@pytest.mark.parametrize("members", ["no json", "[]", '[{"estimator": "linear"}]', "7"])
def test_members_that_say_nothing_usable_are_refused(tmp_path: Path, members: str) -> None:
    with pytest.raises(InputError, match="hyperparameter members"):
        train(quick_job(tmp_path, members=members))


def test_a_classification_is_trained_and_described(tmp_path: Path) -> None:
    frame = housing_rows(400)
    frame[TARGET] = np.where(frame[TARGET] > 170_000, "dear", "cheap")
    write_job(tmp_path, frame, housing_config("hist_gradient_boosting", QUICK, classes=True))
    job = job_in(tmp_path)
    train(job)

    manifest = manifest_of(job)
    assert (manifest["task"], manifest["classes"]) == ("binary", ["cheap", "dear"])
    assert set(manifest["cv_metrics"]) >= {"log_loss_error", "accuracy_score", "f1_score", "roc_auc_score"}
    labels = Predictor.load(job.model_directory).predict_frame(frame.drop(columns=TARGET))
    assert (labels == frame[TARGET]).mean() > 0.9


def test_what_is_chosen_by_unseen_rows_stands_in_the_artefact_that_serves(tmp_path: Path) -> None:
    """Rare classes held up by their weights: probabilities far too high, and a threshold that F1 wants."""
    random = np.random.default_rng(3)
    frame = housing_rows(600).drop(columns=["total_bedrooms"]).assign(total_bedrooms=1.0)
    rare = random.random(600) < 0.02 + 0.2 * (frame["median_income"] > 5)
    frame[TARGET] = np.where(rare, "yes", "no")
    frame["times"] = random.integers(1, 4, 600).astype(float)
    document = housing_config("linear", {"C": 1.0}, classes=True).as_document()
    document["dataset"]["columns"].append({"name": "times", "type": "number", "min": 0.0})  # type: ignore[index]
    document["dataset"]["weight"] = "times"  # type: ignore[index]
    document["training"]["class_weight"] = "balanced"  # type: ignore[index]
    document["gate"] = {"metric": "f1_score"}
    job = job_in(write_job(tmp_path, frame, PipelineConfig.from_document(document)))
    train(job)

    predictor, manifest = Predictor.load(job.model_directory), manifest_of(job)
    predictor.check()
    model, rows = predictor.model, frame.drop(columns=[TARGET, "times"])
    assert model.calibration is not None
    assert model.threshold is not None
    assert manifest["threshold"] == model.threshold < 0.45
    assert manifest["calibration"]["slope"] == model.calibration.slope
    answers = predictor.probabilities_of_columns({name: rows[name].to_numpy() for name in rows.columns})
    assert answers[:, 1].mean() == pytest.approx(np.average(rare, weights=frame["times"]), abs=0.03)
    assert (predictor.predict_frame(rows) == "yes").tolist() == (answers[:, 1] >= model.threshold).tolist()
    assert manifest["answers"]["means"][1] == pytest.approx(answers[:, 1].mean(), abs=0.03)


def test_a_regressions_manifest_has_the_coverage_of_its_intervals(tmp_path: Path) -> None:
    job = quick_job(tmp_path)
    train(job)
    found = manifest_of(job)["intervals"]
    assert found["coverage_share"] == pytest.approx(0.9, abs=0.06)
    assert found["rows"] == 300
    assert len(Predictor.load(job.model_directory).model.arrays["residuals"]) == 300


def broken(base: Path, frame: pd.DataFrame) -> Job:
    return quick_job(base, frame)


def test_rows_that_teach_nothing_are_refused(tmp_path: Path) -> None:
    constant, few = housing_rows(50), housing_rows(2)
    constant[TARGET] = 5.0

    with pytest.raises(DatasetError, match="'median_house_value' is always 5\\.0; there is nothing to learn"):
        train(broken(tmp_path / "constant", constant))
    with pytest.raises(DatasetError, match="2 training rows cannot be split into 3 folds"):
        train(broken(tmp_path / "few", few))
    with pytest.raises(DatasetError, match="lack the columns 'latitude'"):
        train(broken(tmp_path / "lacking", housing_rows(50).drop(columns="latitude")))


def test_a_class_rarer_than_the_folds_is_named(tmp_path: Path) -> None:
    frame = housing_rows(60)
    frame[TARGET] = ["rare", *["common"] * 59]
    write_job(tmp_path, frame, housing_config("hist_gradient_boosting", QUICK, classes=True))

    with pytest.raises(DatasetError, match="class 'rare' of target 'median_house_value' has 1 training rows"):
        train(job_in(tmp_path))


def test_a_wholly_empty_column_is_trained_around(tmp_path: Path) -> None:
    frame = housing_rows(200)
    frame["total_bedrooms"] = np.nan
    job = quick_job(tmp_path, frame)
    train(job)

    assert manifest_of(job)["parity"]["largest_difference"] == 0


def test_a_parameter_of_the_other_task_is_named(tmp_path: Path) -> None:
    write_job(tmp_path, housing_rows(60), housing_config("random_forest", {"class_weight": "balanced"}))

    with pytest.raises(ParameterError, match=r"training\.parameters of random_forest: .*'class_weight'"):
        train(job_in(tmp_path))


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"seed": "x"}, "hyperparameter seed: 'x' is not a whole number"),
        ({"parameters": "{"}, "hyperparameter parameters: is not valid JSON"),
        ({"parameters": "[1]"}, "hyperparameter parameters: expected an object of plain values"),
    ],
)
def test_a_wrong_hyperparameter_is_named(
    tmp_path: Path, hyperparameters: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train(quick_job(tmp_path, None, **hyperparameters))


def test_a_missing_channel_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="channel 'contract' is missing: there is no directory"):
        train(job_in(tmp_path))


def test_a_failure_is_written_where_sagemaker_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    assert main(["train"]) == 1

    reason = (tmp_path / "output/failure").read_text()
    assert reason.startswith("InputError: channel 'contract' is missing")
    assert main(["serve"]) == 2


def test_the_containers_entry_point_stops_when_asked(tmp_path: Path) -> None:
    quick_job(tmp_path, housing_rows(2000))
    contract = tmp_path / "input/data/contract/contract.json"
    document = json.loads(contract.read_text())
    document["training"]["parameters"] = {"max_iter": 100_000}
    contract.write_text(json.dumps(document))
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "training_jobs", "train"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "read 2000 rows" not in process.stdout.readline():
            assert process.poll() is None
        process.terminate()
        assert process.wait(30) == 1

    assert (tmp_path / "output/failure").read_text() == "InterruptedJobError: SageMaker stopped the job"
    assert not (tmp_path / "model/manifest.json").exists()


def mixed_document(target_type: str, estimator: str) -> dict[str, Any]:
    document: dict[str, Any] = housing_config(estimator, {}).as_document()
    document["features"] = {}
    document["dataset"] |= {
        "columns": [
            {"name": "id", "type": "integer"},
            {"name": "seen", "type": "date", "nullable": True},
            {"name": "member", "type": "boolean"},
            {"name": "visits", "type": "integer"},
            {"name": "plan", "type": "category", "nullable": True},
            {"name": "left", "type": target_type},
        ],
        "target": "left",
        "task": "classification",
        "identifiers": ["id"],
        "slices": [],
    }
    return document


def mixed_rows(labels: list[Any]) -> pd.DataFrame:
    """Dates, booleans, whole numbers, and texts with gaps; the visits tell the label."""
    random = np.random.default_rng(5)
    count = 240
    visits = random.integers(0, 30, count)
    days = pd.to_datetime("2024-01-01") + pd.to_timedelta(random.integers(0, 500, count), unit="D")
    return pd.DataFrame(
        {
            "id": np.arange(count),
            "seen": [None if n % 17 == 0 else day.date() for n, day in enumerate(days)],
            "member": random.integers(0, 2, count).astype(bool),
            "visits": visits,
            "plan": [None if n % 11 == 0 else "abc"[n % 3] for n in range(count)],
            "left": [labels[value * len(labels) // 30] for value in visits],
        }
    )


@pytest.mark.parametrize(
    "estimator", ["hist_gradient_boosting", "random_forest", "xgboost", "lightgbm", "linear"]
)
@pytest.mark.parametrize(
    ("target_type", "labels"),
    [("boolean", [False, True]), ("integer", [3, 5, 9]), ("category", ["no", "yes"])],
)
def test_dates_booleans_and_classes_of_every_type_are_trained_on(
    tmp_path: Path, estimator: str, target_type: str, labels: list[Any]
) -> None:
    config = PipelineConfig.from_document(mixed_document(target_type, estimator))
    frame = mixed_rows(labels)
    write_job(tmp_path, frame, config)
    train(job_in(tmp_path))

    predictor = Predictor.load(tmp_path / "model")
    assert predictor.manifest["classes"] == sorted(labels)
    assert [column.name for column in predictor.columns] == ["seen", "member", "visits", "plan"]
    rows = b"2024-05-05,true,29,a\n,false,0,\n"
    found = predictor.labels(predictor.answers(read_csv(predictor, rows))).tolist()
    assert found == [sorted(labels)[-1], sorted(labels)[0]]


def test_two_thousand_columns_are_trained_on(tmp_path: Path) -> None:
    document: dict[str, Any] = json.loads(
        json.dumps(housing_config("lightgbm", {"n_estimators": 3}).as_document())
    )
    names = [f"c{number}" for number in range(2000)]
    document["features"] = {}
    document["dataset"] |= {
        "columns": [{"name": name, "type": "number"} for name in (*names, "y")],
        "target": "y",
        "slices": [],
    }
    values = np.random.default_rng(0).normal(size=(120, 2001))
    config = PipelineConfig.from_document(document)
    write_job(tmp_path, pd.DataFrame(values, columns=[*names, "y"]), config)
    train(job_in(tmp_path))

    predictor = Predictor.load(tmp_path / "model")
    body = ",".join(map(repr, values[0, :2000].tolist())).encode() + b"\n"
    assert read_csv(predictor, body).shape == (1, 2000)
    assert predictor.answer_of_one(body, is_json=False) is None
