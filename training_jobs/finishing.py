"""What a fitted model gets from its out-of-fold answers: calibration and threshold, or residuals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from contracts.training import Training
from inference.model import Model
from inference.model.intervals import RESIDUALS, USUAL_LEVEL, margins
from scoring.figures import FloatArray
from training_jobs.calibrating import helpful_calibration
from training_jobs.deciding import decision_metric, helpful_threshold
from training_jobs.out_of_fold import Judged, held_out, together
from training_jobs.report import log

# Nineteen are needed for an interval of nine tenths.
FEWEST_RESIDUALS, MOST_RESIDUALS = 20, 10_000


def finish(
    model: Model, parts: Sequence[Judged], training: Training, gate_metric: str, seed: int
) -> tuple[Model, list[Judged]]:
    """The model as it serves, and what it then answers to each fold. Calibration and threshold are computed
    by the server's own code, so the exported model stays as exact as it was proved to be."""
    if not model.classes:
        return _with_residuals(model, parts), list(parts)
    if parts[0].answers.shape[1] != len(model.classes):
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


def coverage(parts: Sequence[Judged], seed: int, level: float = USUAL_LEVEL) -> dict[str, Any]:
    """How often intervals chosen without a fold hold its truth, and how wide they are; empty of a
    classification, and of too few rows."""
    if parts[0].answers.ndim != 1 or sum(map(len, parts)) < FEWEST_RESIDUALS:
        return {}
    held, counts = [], []
    for chosen_by, judged in held_out(parts, seed):
        residuals = np.sort(chosen_by.truth - chosen_by.answers)
        if len(residuals) < FEWEST_RESIDUALS:
            continue
        below, above = margins(residuals, level)
        off = judged.truth - judged.answers
        held.append((off >= below) & (off <= above))
        counts.append(judged.counts)
    if not held:
        return {}
    whole = together(parts)
    below, above = margins(_residuals(whole), level)
    share = float(np.average(np.concatenate(held), weights=np.concatenate(counts)))
    return {
        "intervals": {"level": level, "coverage_share": share, "width": above - below, "rows": len(whole)}
    }


def _with_residuals(model: Model, parts: Sequence[Judged]) -> Model:
    whole = together(parts)
    if len(whole) < FEWEST_RESIDUALS:
        return model
    return replace(model, arrays={**model.arrays, RESIDUALS: _residuals(whole)})


def _residuals(rows: Judged) -> FloatArray:
    """In rising order, at most MOST_RESIDUALS of them, evenly by rank."""
    found = np.sort(np.asarray(rows.truth - rows.answers, dtype=np.float64))
    chosen = np.linspace(0, len(found) - 1, min(len(found), MOST_RESIDUALS)).round().astype(np.intp)
    return np.asarray(found[chosen])
