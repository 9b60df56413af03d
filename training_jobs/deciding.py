"""Chooses, by out-of-fold probabilities, from which one on the second of two classes is answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contracts.training import DECISION_METRICS
from scoring.figures import overall
from scoring.metrics import judged
from training_jobs.out_of_fold import Judged, held_out, together

TRIED = 200
USUAL = 0.5


def decision_metric(configured: str, gate_metric: str) -> str:
    """What a threshold is chosen by; "" where nothing asks for one."""
    return configured or (gate_metric if gate_metric in DECISION_METRICS else "")


def helpful_threshold(metric: str, parts: Sequence[Judged], seed: int) -> float | None:
    """The threshold (0-1) that is best by the metric; None where one chosen on other rows is no better than
    the likelier class."""
    if not metric or parts[0].answers.shape[1] != 2:
        return None
    pairs = held_out(parts, seed)
    chosen = np.mean([_value(metric, rows, best_threshold(metric, by)) for by, rows in pairs])
    usual = np.mean([_value(metric, rows, USUAL) for _, rows in pairs])
    return best_threshold(metric, together(parts)) if chosen > usual else None


def best_threshold(metric: str, rows: Judged) -> float:
    """Of quantiles of the probabilities, between neighbours, the best; of equally good ones that nearest to
    a half."""
    seen = np.unique(np.quantile(rows.answers[:, 1], np.linspace(0, 1, TRIED)))
    between = (seen[1:] + seen[:-1]) / 2
    tried = [USUAL, *(float(value) for value in between if 0 < value < 1)]
    return max(tried, key=lambda threshold: (_value(metric, rows, threshold), -abs(threshold - USUAL)))


def _value(metric: str, rows: Judged, threshold: float) -> float:
    """Higher is better of each of these metrics."""
    figure = judged(metric, rows.truth, rows.answers, weights=rows.weights, threshold=threshold)
    value = overall(figure, len(rows))
    return value if np.isfinite(value) else -np.inf
