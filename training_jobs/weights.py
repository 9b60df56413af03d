"""How much each row counts while an estimator is fitted."""

from __future__ import annotations

import numpy as np

from scoring.figures import FloatArray
from training_jobs.dataset import Dataset


def fitting_weights(dataset: Dataset, class_weight: str) -> FloatArray | None:
    """The rows' own weights (n,), and with "balanced" such that every class of these rows weighs alike, as
    scikit-learn's `class_weight` has it (rows / classes / rows of the class). None where all count alike."""
    if class_weight != "balanced":
        return dataset.weights
    weights = np.ones(len(dataset), np.float64) if dataset.weights is None else dataset.weights
    _, codes = np.unique(dataset.target, return_inverse=True)
    sums = np.bincount(codes, weights=weights)
    # A class whose rows all have no weight counts as little as they do.
    shares = np.divide(weights.sum() / len(sums), sums, out=np.zeros_like(sums), where=sums > 0)
    return np.asarray(weights * shares[codes])
