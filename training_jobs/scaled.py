"""A multilayer perceptron for targets of any unit: scikit-learn's own learns only from small numbers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.neural_network import MLPRegressor


class ScaledMLPRegressor(MLPRegressor):  # type: ignore[misc]
    """Learns the standardised target; the last layer then gives the target's own unit."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803 - scikit-learn's name
        mean, deviation = float(np.mean(y)), float(np.std(y)) or 1.0
        super().fit(X, (np.asarray(y) - mean) / deviation, sample_weight)
        self.coefs_[-1] = self.coefs_[-1] * deviation
        self.intercepts_[-1] = self.intercepts_[-1] * deviation + mean
        return self
