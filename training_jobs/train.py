"""One training job, from channels to artefact."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from contracts.pipeline_config import PipelineConfig
from inference import artefact
from inference.predictor import Predictor
from training_jobs.dataset import Dataset, read_config, read_dataset
from training_jobs.export import export_model
from training_jobs.export.parity import ParityReport, matrix_of, prove_parity, sample_rows
from training_jobs.job import Job
from training_jobs.pipeline import build_pipeline
from training_jobs.report import log, print_metrics
from training_jobs.resources import available_threads
from training_jobs.tracking import Tracker
from training_jobs.validation import fold_scores, folds_of, summarise

# Rows whose answers travel with the artefact: the server repeats them before it answers /ping.
CHECK_ROWS = 64


def train(job: Job) -> None:
    """Read, choose, validate, fit, export, prove, log, write."""
    started = time.perf_counter()
    config = read_config(job.channel("contract"))
    seed = job.integer("seed", config.training.seed)
    tracker = Tracker(job)
    dataset = read_dataset(job.channel("train"), config.dataset, config.training.folds)
    log(f"read {len(dataset)} rows of {len(dataset.features.columns)} features")

    parameters = dict(config.training.parameters)

    def build() -> Any:
        return build_pipeline(config, category_counts(dataset, config), parameters, seed, available_threads())

    task = config.dataset.task
    folds = folds_of(dataset, task, config.training.folds, seed)
    scores = []
    for number, fold in enumerate(fold_scores(build, dataset, task, folds), start=1):
        scores.append(fold)
        log(f"fold {number} of {len(folds)}: " + ", ".join(f"{k} {v:.6g}" for k, v in fold.items()))
    cv_metrics = summarise(scores)
    print_metrics({f"cv_{name}": value for name, value in cv_metrics.items()})

    pipeline = build().fit(dataset.features, dataset.target)
    log(f"fitted {config.training.estimator} after {time.perf_counter() - started:.1f} s")

    model = export_model(pipeline, config.dataset.feature_columns)
    exported = with_check_rows(model, dataset, seed)
    report = prove_parity(pipeline, Predictor(exported), dataset.features)
    log(f"parity: {report.rows} rows and {report.edge_rows} edge rows, {report.largest_difference:.2g} apart")

    manifest = {
        **describe(job, config, model, cv_metrics, report, seed),
        "parameters": {"estimator": config.training.estimator, **parameters},
    }
    manifest["mlflow_run_id"] = tracker.log_training(manifest, dataset, pipeline)
    artefact.write(
        job.model_directory,
        artefact.Artefact(manifest, model, exported.check_rows, exported.check_answers),
    )
    log(f"wrote {job.model_directory}, model hash {manifest['model_hash']}")


def category_counts(dataset: Dataset, config: PipelineConfig) -> dict[str, int]:
    """How many values each category column has in these rows."""
    return {
        column.name: int(dataset.features[column.name].nunique(dropna=False))
        for column in config.dataset.feature_columns
        if column.type == "category"
    }


def with_check_rows(model: Any, dataset: Dataset, seed: int) -> artefact.Artefact:
    """The model with a sample of training rows and its answers to them."""
    rows = dataset.features.iloc[sample_rows(len(dataset), CHECK_ROWS, seed)]
    draft = artefact.Artefact({}, model, *_nothing())
    predictor = Predictor(draft)
    matrix = matrix_of(predictor, rows)
    return artefact.Artefact({}, model, matrix, predictor.answers(matrix))


def describe(
    job: Job,
    config: PipelineConfig,
    model: Any,
    cv_metrics: dict[str, float],
    report: ParityReport,
    seed: int,
) -> dict[str, Any]:
    """The manifest: where the model comes from and what it expects."""
    task = "regression" if not model.classes else "binary" if len(model.classes) == 2 else "multiclass"
    return {
        "task": task,
        "target": config.dataset.target,
        "columns": [{"name": column.name, "type": column.type} for column in model.columns],
        "classes": list(model.classes),
        "engine": model.head.kind,
        "model_hash": artefact.model_hash(model),
        "dataset_version": job.setting("DATASET_VERSION"),
        "dataset_uri": job.setting("DATASET_URI"),
        "contract_hash": config.contract_hash,
        "training_job_name": job.name,
        "training_image_uri": job.setting("TRAINING_IMAGE_URI"),
        "execution_name": job.setting("EXECUTION_NAME"),
        "cv_metrics": cv_metrics,
        "seed": seed,
        "parity": {
            "rows": report.rows,
            "edge_rows": report.edge_rows,
            "largest_difference": report.largest_difference,
            "tolerance": report.tolerance,
        },
    }


def _nothing() -> tuple[Any, Any]:
    import numpy as np

    return np.empty((0, 0)), np.empty((0, 0))
