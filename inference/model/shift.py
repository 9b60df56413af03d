"""How far a model's answers are from those that it was trained to give.

A model that answers nonsense of the right form raises no error; its answers' mean tells. The lines that
report it are a contract with whoever watches the log (`contracts.metrics` names the same words).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from inference.errors import ArtefactError
from inference.model import FloatArray

# So many answers like training's are thought along: a few rows far from the mean say little about a model.
DOUBT_ANSWERS = 10
EVENT = "predictions"
CONFIG_FIELD = "endpoint_config"
SHIFT_FIELD = "shift"


class Reading(NamedTuple):
    """`shift` is in standard deviations of the training target, with its sign, and less for few answers."""

    number: int
    shift: float


class Shift:
    """Adds up answers until they are read. `means` and `standard_deviations` have one entry an output."""

    def __init__(self, means: FloatArray, standard_deviations: FloatArray) -> None:
        self._means = means
        self._deviations = standard_deviations
        self._only_one = len(means) == 1
        self._count = 0
        self._sums: Any = 0.0

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Self | None:
        """None for an artefact that does not say what its answers should be like; raises ArtefactError."""
        expected = manifest.get("answers")
        if not expected:
            return None
        try:
            means = np.array(expected["means"], dtype=np.float64)
            deviations = np.array(expected["standard_deviations"], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtefactError(f"the manifest's 'answers' are not read: {str(error)[:200]}") from error
        if means.ndim != 1 or not len(means) or means.shape != deviations.shape:
            raise ArtefactError("the manifest's 'answers' have not one mean and one deviation an output")
        # A class that training saw in every row, or in none, has no deviation to measure by.
        return cls(means, np.where(deviations > 0, deviations, 1.0))

    def add(self, answers: FloatArray) -> None:
        """Answers (n, outputs) that were given."""
        self._count += len(answers)
        # A single number is by far the commonest answer, and taking it out is cheaper than adding an axis up.
        single = self._only_one and len(answers) == 1
        self._sums += answers.item() if single else answers.sum(axis=0)

    def take(self) -> Reading | None:
        """The answers since the last call, or None where there were none; of several outputs the farthest."""
        if not self._count:
            return None
        count, sums = self._count, self._sums
        self._count, self._sums = 0, 0.0
        shifts = (sums - count * self._means) / (self._deviations * (count + DOUBT_ANSWERS))
        return Reading(count, float(shifts[np.abs(shifts).argmax()]))
