"""The manifest of an artefact: where the model comes from, how good it looked, and what it expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.pipeline_config import PipelineConfig
from inference.model import Model
from inference.model.artefact import model_hash
from training_jobs.choice import Choice
from training_jobs.export.parity import ParityReport
from training_jobs.job import Job
from training_jobs.out_of_fold import Judged


def describe_model(model: Model, config: PipelineConfig) -> dict[str, Any]:
    """What the model is."""
    task = "regression" if not model.classes else "binary" if len(model.classes) == 2 else "multiclass"
    return {
        "task": task,
        "target": config.dataset.target,
        "columns": [{"name": column.name, "type": column.type} for column in model.columns],
        "classes": list(model.classes),
        "engine": model.head.kind,
        "model_hash": model_hash(model),
        "contract_hash": config.contract_hash,
        **({} if model.threshold is None else {"threshold": model.threshold}),
        **({} if model.calibration is None else {"calibration": asdict(model.calibration)}),
    }


def describe_answers(target: npt.NDArray[Any], model: Model, judged: Sequence[Judged] = ()) -> dict[str, Any]:
    """What the answers should be like: mean and standard deviation of each output over the training rows.

    A regression has one output, in the target's unit; a classification one a class, whose mean is its share
    of the rows. The server measures its own answers against these. A model that is not meant to answer with
    the target's mean (a quantile, balanced classes) has the mean of its `judged` out-of-fold answers.
    """
    columns = [target == name for name in model.classes] or [target]
    outputs = np.column_stack(columns).astype(np.float64)
    return {
        "answers": {
            "means": _means(outputs, judged),
            "standard_deviations": outputs.std(axis=0).tolist(),
        }
    }


def _means(outputs: npt.NDArray[np.float64], judged: Sequence[Judged]) -> list[float]:
    if judged:
        answers = np.concatenate([part.answers.reshape(len(part), -1) for part in judged])
        if answers.shape[1] == outputs.shape[1]:
            return [float(value) for value in answers.mean(axis=0)]
    return [float(value) for value in outputs.mean(axis=0)]


def describe_origin(job: Job) -> dict[str, str]:
    """Which job made it, out of which rows and which image."""
    return {
        "training_job_name": job.name,
        "execution_name": job.setting("EXECUTION_NAME"),
        "training_image_uri": job.setting("TRAINING_IMAGE_URI"),
        "dataset_version": job.setting("DATASET_VERSION"),
        "dataset_uri": job.setting("DATASET_URI"),
    }


def describe_machine(threads: int) -> dict[str, Any]:
    """What else decides a fit's last bits: how many threads added up, and by which vector instructions."""
    found: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]
    vectors = found.get("SIMD Extensions", {})
    names = [*vectors.get("baseline", []), *vectors.get("found", [])]
    return {"threads": threads, "cpu_features": sorted(names)}


def describe_training(choice: Choice, seed: int, cv_metrics: Mapping[str, float]) -> dict[str, Any]:
    """What was chosen. A job that is given `estimator` and `parameters` again needs no search."""
    members = {} if choice.only else {"members": [member.as_document() for member in choice.members]}
    return {
        "estimator": choice.estimator,
        "parameters": dict(choice.parameters),
        **members,
        "seed": seed,
        "cv_metrics": dict(cv_metrics),
    }


def describe_parity(report: ParityReport) -> dict[str, Any]:
    return {
        "parity": {
            "rows": report.rows,
            "edge_rows": report.edge_rows,
            "largest_difference": report.largest_difference,
            "tolerance": report.tolerance,
        }
    }
