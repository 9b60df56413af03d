"""The job's MLflow run: what was tried on which data, and the model that serves.

MLflow takes two seconds to import, so a thread does that, and opens the run, while the model is being fitted.
"""

from __future__ import annotations

import importlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import pandas as pd

import contracts
import inference
from inference.model import artefact
from inference.model.artefact import Artefact
from inference.model.predictor import Predictor
from training_jobs.errors import InputError
from training_jobs.job import Job
from training_jobs.report import log

# No look at a git checkout, no usage statistics, no banner, no progress bar: a job has one thing to do.
_SETTINGS = {
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # A minute's patience with a busy app for each request; by default it is four, on an instance that costs.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "6",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
# What a logged model needs where it is loaded: the code that serves, the grammar of values, and one library.
_CODE = tuple(path for package in (contracts, inference) for path in package.__path__)
_REQUIREMENTS = ("numpy", "pandas", "mlflow-skinny")


class Tracker:
    """One run, kept by a thread of its own so that nobody waits for MLflow while there is fitting to do.

    Without MLFLOW_TRACKING_URI nothing is logged. What fails in the thread is raised by `finish`.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._steps: list[Future[None]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mlflow")
        self._mlflow: Any = None
        self._run_id = ""
        self.enabled = bool(job.setting("MLFLOW_TRACKING_URI"))
        if not self.enabled:
            log("MLFLOW_TRACKING_URI is not set: this run is not logged")
        elif not job.setting("MLFLOW_EXPERIMENT_NAME"):
            raise InputError("MLFLOW_TRACKING_URI is set and MLFLOW_EXPERIMENT_NAME is not")
        os.environ.update(_SETTINGS)
        self._later(self._open)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """A job that fails leaves a run that says so."""
        if error is not None:
            self._later(self._fail)
        self._thread.shutdown(wait=True)

    def log_model(self, exported: Artefact, example: pd.DataFrame) -> None:
        """Log the model that will serve, with its signature and an example."""
        self._later(lambda: self._log_model(exported, example))

    def finish(self, manifest: Mapping[str, Any]) -> str:
        """Log what the manifest says, and end the run; its id, or "" where nothing is logged."""
        self._later(lambda: self._log_manifest(manifest))
        for step in self._steps:
            step.result()
        return self._run_id

    def _later(self, step: Callable[[], None]) -> None:
        if self.enabled:
            self._steps.append(self._thread.submit(step))

    def _open(self) -> None:
        self._mlflow = mlflow = importlib.import_module("mlflow")
        mlflow.set_tracking_uri(self._job.setting("MLFLOW_TRACKING_URI"))
        mlflow.set_experiment(self._job.setting("MLFLOW_EXPERIMENT_NAME"))
        run = mlflow.start_run(run_name=self._job.name, tags=_tags(self._job), log_system_metrics=False)
        self._run_id = str(run.info.run_id)
        importlib.import_module("mlflow.pyfunc")

    def _fail(self) -> None:
        if self._run_id:
            self._mlflow.end_run("FAILED")

    def _log_manifest(self, manifest: Mapping[str, Any]) -> None:
        mlflow = self._mlflow
        mlflow.log_params({name: manifest[name] for name in ("estimator", "seed")} | manifest["parameters"])
        mlflow.log_metrics({f"cv_{name}": value for name, value in manifest["cv_metrics"].items()})
        mlflow.log_input(_dataset_input(manifest, self._job), context="training")
        mlflow.log_dict(dict(manifest), "manifest.json")
        mlflow.end_run()

    def _log_model(self, exported: Artefact, example: pd.DataFrame) -> None:
        models = self._mlflow.models
        with tempfile.TemporaryDirectory() as directory:
            artefact.write(Path(directory), exported)
            self._mlflow.pyfunc.log_model(
                name="model",
                python_model=str(Path(__file__).with_name("served_model.py")),
                artifacts={"artefact": directory},
                signature=models.infer_signature(example, Predictor(exported).predict_frame(example)),
                input_example=example,
                pip_requirements=[f"{name}=={version(name)}" for name in _needs(exported)],
                code_paths=list(_CODE),
            )


def _needs(exported: Artefact) -> tuple[str, ...]:
    return (*_REQUIREMENTS, "onnxruntime") if exported.model.head.kind == "onnx" else _REQUIREMENTS


def _tags(job: Job) -> dict[str, str]:
    wanted = {
        "training_job_name": job.name,
        "execution_name": job.setting("EXECUTION_NAME"),
        "dataset_version": job.setting("DATASET_VERSION"),
        "dataset_uri": job.setting("DATASET_URI"),
        "training_image_uri": job.setting("TRAINING_IMAGE_URI"),
    }
    return {name: value for name, value in wanted.items() if value}


def _dataset_input(manifest: Mapping[str, Any], job: Job) -> Any:
    """The dataset by its version and place, so that a run leads back to its rows."""
    meta = importlib.import_module("mlflow.data.meta_dataset")
    version = manifest["dataset_version"]
    return meta.MetaDataset(
        _source(manifest["dataset_uri"] or f"file://{job.channel('train')}"),
        name=version or "local",
        # MLflow keeps 36 characters of a digest.
        digest=(version or manifest["contract_hash"])[-36:],
    )


def _source(uri: str) -> Any:
    """MLflow's class for an address, named outright: for file:// its own guess finds two and warns."""
    registry = importlib.import_module("mlflow.data.dataset_source_registry")
    kind = "s3" if uri.startswith("s3://") else "local"
    return registry.get_dataset_source_from_json(json.dumps({"uri": uri}), kind)
