"""How often the challenger's prediction intervals hold the truth of the holdout. Pure."""

from __future__ import annotations

import numpy as np

from inference.model import Model
from inference.model.intervals import FEWEST, RESIDUALS, USUAL_LEVEL, margins
from scoring.figures import Array, FloatArray


def coverage_of(
    model: Model, target: Array, answers: FloatArray, weights: FloatArray | None = None
) -> dict[str, float] | None:
    """The level, the share of rows (by weight) whose truth lies in its interval, and the interval's width in
    the target's unit; None of a model without residuals, or too few of them."""
    if len(model.arrays.get(RESIDUALS, ())) < FEWEST:
        return None
    below, above = margins(model.arrays[RESIDUALS], USUAL_LEVEL)
    off = target - answers
    held = (off >= below) & (off <= above)
    return {
        "level": USUAL_LEVEL,
        "coverage_share": float(np.average(held, weights=weights)),
        "width": above - below,
    }
