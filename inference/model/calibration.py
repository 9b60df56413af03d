"""Probabilities held to what came out of rows that the model had not seen.

The logarithm of each probability is stretched by one slope and moved by an offset a class, and the classes
are made to add up to 1 again: of two classes that is Platt's scaling of their log odds (Platt, "Probabilistic
outputs for support vector machines", 1999), of more temperature scaling with a bias (Guo et al., "On
calibration of modern neural networks", 2017). The order of the rows by the odds of two classes stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from inference.model.structure import FloatArray

# A model that is certain is taken for a little less, since the logarithm of nothing has no slope.
SMALLEST = 1e-12


@dataclass(frozen=True)
class Calibration:
    """A positive `slope`, and one offset a class."""

    slope: float
    offsets: tuple[float, ...]

    def __call__(self, probabilities: FloatArray) -> FloatArray:
        """Probabilities (n, classes) out of a model's own."""
        scores = self.slope * np.log(np.maximum(probabilities, SMALLEST)) + np.array(self.offsets)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
