"""What a fitted model gets from its out-of-fold answers: calibration and threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contracts.training import Training
from inference.model import Model
from training_jobs.calibrating import helpful_calibration
from training_jobs.deciding import decision_metric, helpful_threshold
from training_jobs.out_of_fold import Judged
from training_jobs.report import log


def finish(
    model: Model, parts: Sequence[Judged], training: Training, gate_metric: str, seed: int
) -> tuple[Model, list[Judged]]:
    """The model as it serves, and what it then answers to each fold. Calibration and threshold are computed
    by the server's own code, so the exported model stays as exact as it was proved to be."""
    if not model.classes or parts[0].answers.shape[1] != len(model.classes):
        return model, list(parts)
    parts = list(parts)
    calibration = helpful_calibration(parts, seed) if training.calibrate else None
    if calibration:
        parts = [replace(part, answers=calibration(part.answers)) for part in parts]
        log(f"calibrated: slope {calibration.slope:.3g}, offsets {calibration.offsets}")
    metric = decision_metric(training.decision_metric, gate_metric)
    threshold = helpful_threshold(metric, parts, seed)
    if threshold is not None:
        log(f"{model.classes[1]!r} is answered from a probability of {threshold:.4g} on, by {metric}")
    return replace(model, calibration=calibration, threshold=threshold), parts
