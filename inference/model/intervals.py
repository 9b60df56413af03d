"""Prediction intervals of a regression, by what its answers to unseen rows were off.

Split conformal prediction: Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005.

Of rows like those, an interval holds the truth at least as often as its level says. Each is equally wide.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from inference.errors import InvalidRequestError, NotAcceptableError

if TYPE_CHECKING:
    from inference.model.structure import FloatArray, Model

# The array of a model that holds truth less answer, in rising order and the target's unit.
RESIDUALS = "residuals"
USUAL_LEVEL = 0.9
# So many residuals it takes for that level.
FEWEST = 19


def intervals(model: Model, answers: FloatArray, level: float) -> FloatArray:
    """The lower and upper ends (n, 2) around answers (n, 1), both of the same chance to be missed.

    Raises NotAcceptableError of a model without residuals, InvalidRequestError of a level (0-1) that they are
    too few for.
    """
    if RESIDUALS not in model.arrays:
        what = "a classification" if model.classes else "a model that was trained without them"
        raise NotAcceptableError(f"{what} has no prediction intervals")
    below, above = margins(model.arrays[RESIDUALS], level)
    return np.column_stack([answers[:, 0] + below, answers[:, 0] + above])


def margins(residuals: FloatArray, level: float) -> tuple[float, float]:
    """What to add to an answer for the two ends: the residuals of the ranks that n + 1 rows make exact."""
    if not 0 < level < 1:
        raise InvalidRequestError(
            f"an interval of level {level:g} is asked for; expected more than 0, below 1"
        )
    count = len(residuals)
    outside = (1 - level) / 2 * (count + 1)
    # Rounded outwards, but for what floating point alone adds to a whole number.
    low = math.floor(outside + 1e-9)
    if low < 1:
        most = max(0.0, (count - 1) / (count + 1))
        raise InvalidRequestError(
            f"an interval of level {level:g} is asked for; {count} residuals give at most {most:.4g}"
        )
    return float(residuals[low - 1]), float(residuals[count - low])
