"""How sure a difference between two models is: a paired bootstrap over the holdout's rows. Pure.

Both models are scored on the same resampled rows, so what is hard for both cancels out (Efron and
Tibshirani, "An Introduction to the Bootstrap", chapter 16).
"""

from __future__ import annotations

import numpy as np

from contracts.training import higher_is_better
from lambdas.evaluate_model.scores import METRICS, Array, FloatArray

# More rows change the confidence little and cost much: resamples of a fixed sample say enough.
MAX_ROWS = 20_000
SEED = 20_240_229


def gain_share(metric: str, champion: float, challenger: float) -> float:
    """The relative improvement over the champion: positive is better, whatever the metric's direction."""
    difference = challenger - champion if higher_is_better(metric) else champion - challenger
    if difference == 0.0:
        return 0.0
    return difference / abs(champion) if champion else float(np.copysign(np.inf, difference))


def resampled_gains(
    task: str,
    metric: str,
    target: Array,
    champion: FloatArray,
    challenger: FloatArray,
    resamples: int,
) -> FloatArray:
    """The gain share (resamples,) on as many resamples of the rows; the same rows give the same figures."""
    generator = np.random.default_rng(SEED)
    if len(target) > MAX_ROWS:
        rows = generator.choice(len(target), MAX_ROWS, replace=False)
        target, champion, challenger = target[rows], champion[rows], challenger[rows]
    score = METRICS[task][metric]
    gains = []
    for _ in range(resamples):
        drawn = generator.integers(0, len(target), len(target))
        weights = np.bincount(drawn, minlength=len(target)).astype(np.float64)
        gains.append(gain_share(metric, score(target, champion, weights), score(target, challenger, weights)))
    return np.array(gains)
