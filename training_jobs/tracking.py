"""The job's MLflow run: what was tried on which data, and the fitted pipeline.

MLflow takes two seconds to import, so a thread does that, and opens the run, while the model is being fitted.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from training_jobs.dataset import Dataset
from training_jobs.errors import InputError
from training_jobs.job import Job
from training_jobs.report import log

# No look at a git checkout, no usage statistics, no banner: a job has one thing to do.
_QUIET = {
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
EXAMPLE_ROWS = 5
# The code that a logged pipeline needs to be loaded elsewhere.
_CODE = tuple(
    Path(__file__).resolve().parents[1] / name for name in ("contracts", "inference", "training_jobs")
)


class Tracker:
    """One run, begun in the background. Without MLFLOW_TRACKING_URI nothing is logged."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._opened: Future[Any] | None = None
        if not job.setting("MLFLOW_TRACKING_URI"):
            log("MLFLOW_TRACKING_URI is not set: this run is not logged")
            return
        if not job.setting("MLFLOW_EXPERIMENT_NAME"):
            raise InputError("MLFLOW_TRACKING_URI is set and MLFLOW_EXPERIMENT_NAME is not")
        os.environ.update(_QUIET)
        executor = ThreadPoolExecutor(1, thread_name_prefix="mlflow")
        self._opened = executor.submit(self._open)
        executor.shutdown(wait=False)

    def log_training(self, manifest: Mapping[str, Any], dataset: Dataset, pipeline: Any) -> str:
        """Log everything about the fitted pipeline; the run's id, or "" where nothing is logged."""
        if self._opened is None:
            return ""
        mlflow, run = self._opened.result()
        with mlflow.start_run(run_id=run.info.run_id, log_system_metrics=False):
            mlflow.log_params(
                {name: manifest[name] for name in ("estimator", "seed")} | manifest["parameters"]
            )
            mlflow.log_metrics({f"cv_{name}": value for name, value in manifest["cv_metrics"].items()})
            mlflow.log_input(_dataset_input(manifest, self._job), context="training")
            self._log_model(mlflow, dataset, pipeline)
            mlflow.log_dict(dict(manifest), "manifest.json")
        return str(run.info.run_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """A job that fails leaves a run that says so."""
        if error is None or self._opened is None or self._opened.exception() is not None:
            return
        mlflow, run = self._opened.result()
        mlflow.MlflowClient().set_terminated(run.info.run_id, status="FAILED")

    def _open(self) -> Any:
        mlflow = importlib.import_module("mlflow")
        importlib.import_module("mlflow.sklearn")
        mlflow.set_tracking_uri(self._job.setting("MLFLOW_TRACKING_URI"))
        experiment = mlflow.set_experiment(self._job.setting("MLFLOW_EXPERIMENT_NAME"))
        run = mlflow.MlflowClient().create_run(
            experiment.experiment_id, run_name=self._job.name, tags=_tags(self._job)
        )
        return mlflow, run

    def _log_model(self, mlflow: Any, dataset: Dataset, pipeline: Any) -> None:
        example = dataset.features.head(EXAMPLE_ROWS)
        signature = mlflow.models.infer_signature(example, pipeline.predict(example))
        mlflow.sklearn.log_model(
            pipeline,
            name="model",
            serialization_format="skops",
            skops_trusted_types=_types_in(pipeline),
            signature=signature,
            input_example=example,
            pip_requirements=_requirements(pipeline),
            code_paths=[str(path) for path in _CODE],
        )


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
    sources = importlib.import_module("mlflow.data.dataset_source_registry")
    location = manifest["dataset_uri"] or str(job.channel("train"))
    return meta.MetaDataset(
        sources.resolve_dataset_source(location),
        name=manifest["dataset_version"] or "local",
        # MLflow keeps 36 characters of a digest.
        digest=(manifest["dataset_version"] or manifest["contract_hash"])[-36:],
    )


def _types_in(pipeline: Any) -> list[str]:
    """The types of this very pipeline beyond those that skops trusts anyway."""
    skops = importlib.import_module("skops.io")
    return list(skops.get_untrusted_types(data=skops.dumps(pipeline)))


def _requirements(pipeline: Any) -> list[str]:
    """The exact versions of what the pipeline is made of."""
    library = type(pipeline[-1]).__module__.partition(".")[0]
    names = {"scikit-learn": "sklearn", "pandas": "pandas", "numpy": "numpy", "skops": "skops"}
    if library in ("xgboost", "lightgbm"):
        names[library] = library
    return [f"{name}=={importlib.import_module(module).__version__}" for name, module in names.items()]
