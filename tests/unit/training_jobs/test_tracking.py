from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.training_jobs.rows import ROOT, housing_config, housing_rows, write_job
from training_jobs.errors import InputError
from training_jobs.job import Job
from training_jobs.tracking import Tracker

# In a process of its own: MLflow keeps the tracking address for the whole process.
SCRIPT = """
import sys, warnings
warnings.simplefilter("ignore")
import mlflow, pandas as pd
from training_jobs.__main__ import main
code = main(["train"])
runs = mlflow.search_runs(experiment_names=["houses"])
run = mlflow.get_run(runs.run_id[0])
print("STATUS", code, run.info.status, run.info.run_name)
if code == 0:
    rows = pd.read_parquet(sys.argv[1]).drop(columns="median_house_value").head(3)
    models = mlflow.search_logged_models(experiment_ids=[run.info.experiment_id], output_format="list")
    loaded = mlflow.pyfunc.load_model(models[0].model_uri)
    from inference.model.predictor import Predictor
    same = (loaded.predict(rows) == Predictor.load(sys.argv[2]).predict_frame(rows)).all()
    dataset = run.inputs.dataset_inputs[0].dataset
    print("PARAMETER", run.data.params["max_iter"], run.data.params["estimator"])
    print("METRIC", run.data.metrics["cv_rmse_error"] > 0)
    print("DATASET", dataset.name, dataset.source)
    print("TAGS", run.data.tags["execution_name"], run.data.tags["dataset_version"])
    print("MODEL", same, len(loaded.metadata.signature.inputs))
    print("FILES", sorted(f.path for f in mlflow.artifacts.list_artifacts(run_id=run.info.run_id)))
"""


def run_job(base: Path, parameters: dict[str, Any]) -> dict[str, str]:
    """The job's own process with MLflow on a file, and the lines that the script prints."""
    write_job(base, housing_rows(200), housing_config("hist_gradient_boosting", parameters))
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(base),
        "SAGEMAKER_BASE_DIR": str(base),
        "TRAINING_JOB_NAME": "job-7",
        "MLFLOW_TRACKING_URI": f"file://{base}/runs",
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_EXPERIMENT_NAME": "houses",
        "EXECUTION_NAME": "execution-7",
        "DATASET_VERSION": "0123abcd",
        "DATASET_URI": "s3://bucket/datasets/0123abcd/",
        "PYTHONPATH": str(ROOT),
    }
    parquet, model = base / "input/data/train/train.parquet", base / "model"
    command = [sys.executable, "-c", SCRIPT, str(parquet), str(model)]
    done = subprocess.run(command, cwd=base, env=environment, capture_output=True, text=True, check=False)
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.partition(" ")[0].isupper())
    assert "STATUS" in lines, done.stderr
    return lines


def test_a_run_tells_what_was_tried_on_which_rows_and_holds_the_model_that_serves(tmp_path: Path) -> None:
    told = run_job(tmp_path, {"max_iter": 4})

    assert told["STATUS"] == "0 FINISHED job-7"
    assert told["PARAMETER"] == "4 hist_gradient_boosting"
    assert told["METRIC"] == "True"
    assert told["DATASET"] == '0123abcd {"uri": "s3://bucket/datasets/0123abcd/"}'
    assert told["TAGS"] == "execution-7 0123abcd"
    assert told["MODEL"] == "True 9"
    assert "manifest.json" in told["FILES"]


def test_a_job_that_fails_leaves_a_run_that_failed(tmp_path: Path) -> None:
    assert run_job(tmp_path, {"class_weight": "balanced"})["STATUS"] == "1 FAILED job-7"


def test_without_an_address_nothing_is_logged_and_without_a_name_it_is_an_error(tmp_path: Path) -> None:
    with Tracker(Job.from_environment({"SAGEMAKER_BASE_DIR": str(tmp_path)})) as tracker:
        assert tracker.finish({}) == ""

    with pytest.raises(InputError, match="MLFLOW_EXPERIMENT_NAME is not"):
        Tracker(Job.from_environment({"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}))
