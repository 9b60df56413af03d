"""One training job, from channels to artefact."""

from __future__ import annotations

import time

from inference.model import artefact
from inference.model.artefact import model_hash
from training_jobs.dataset import read_config, read_dataset
from training_jobs.experiment import Experiment
from training_jobs.export import export_model
from training_jobs.export.checks import predictor_of, with_check_rows
from training_jobs.export.parity import prove_parity
from training_jobs.finishing import coverage, finish
from training_jobs.job import Job
from training_jobs.manifest import (
    describe_answers,
    describe_machine,
    describe_model,
    describe_origin,
    describe_parity,
    describe_training,
)
from training_jobs.parameters import decide
from training_jobs.report import log, print_metrics
from training_jobs.tracking import Tracker
from training_jobs.validation import summarise

EXAMPLE_ROWS = 5


def train(job: Job) -> None:
    """Read, choose, fit, export, prove, validate, log, write."""
    started = time.perf_counter()
    with Tracker(job) as tracker:
        config = read_config(job.channel("contract"))
        dataset = read_dataset(job.channel("train"), config.dataset, config.training.folds)
        log(f"read {len(dataset)} rows of {len(dataset.features.columns)} features")

        experiment = Experiment(config, dataset, job.integer("seed", config.training.seed))
        decision = decide(job, experiment)
        choice = decision.choice
        pipeline = experiment.fit_choice(choice)
        log(f"fitted {choice.estimator}, {time.perf_counter() - started:.1f} s after the start")

        exact = export_model(pipeline, config.dataset.feature_columns)
        parity = prove_parity(pipeline, predictor_of(exact), dataset.features)
        log(f"parity: {parity.rows} rows and {parity.edge_rows} edge rows agree within {parity.tolerance:g}")
        judged = decision.judged or list(experiment.choice_answers(choice))
        model, judged = finish(exact, judged, config.training, experiment.metric, experiment.seed)
        exported = with_check_rows(model, dataset.features, experiment.seed)
        origin = {
            **describe_model(model, config),
            **describe_answers(dataset.target, model, judged if experiment.expects_its_own else []),
            **describe_origin(job),
            **describe_parity(parity),
        }
        tracker.log_model(exported.with_manifest(origin), dataset.features.head(EXAMPLE_ROWS))

        scores: list[dict[str, float]] = []
        for part in judged:
            scores.append(fold := part.metrics(experiment.task, experiment.metric, model.threshold))
            log(f"fold {len(scores)}: " + ", ".join(f"{k} {fold[k]:.6g}" for k in fold))
        cv_metrics = summarise(scores)
        print_metrics({f"cv_{name}": value for name, value in cv_metrics.items()})

        manifest = {
            **origin,
            **describe_training(choice, experiment.seed, cv_metrics),
            **describe_machine(experiment.threads),
            "fitted_hash": model_hash(exact),
            "configuration": config.as_document(),
            **coverage(judged, experiment.seed),
        }
        if decision.history:
            manifest["search"] = decision.history
        manifest["mlflow_run_id"] = tracker.finish(manifest)
        artefact.write(job.model_directory, exported.with_manifest(manifest))
    log(f"model {manifest['model_hash'][:12]} written, {time.perf_counter() - started:.1f} s after the start")
