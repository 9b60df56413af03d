"""Whether the champion is still the model that passed: a fallen one proves nothing by losing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lambdas.evaluate_model.bootstrap import gain_of
from lambdas.evaluate_model.numbers import rows, share
from scoring.figures import FloatArray

# Of the advantage over a constant with which it passed, what it must still have.
KEPT_SHARE = 0.5
_SURE, _VERY_SURE = 0.9, 0.95


def recorded_advantage(metric: str, report: Mapping[str, Any] | None) -> float | None:
    """The relative gain over the best constant that the champion's own report shows; None where it has none.

    Reports of older versions have no constant; what R2 says of the mean's squared error stands in for it.
    """
    if not report:
        return None
    figures, constant = report.get("challenger") or {}, report.get("constant") or {}
    if metric in figures and metric in constant:
        return gain_of(metric, constant[metric], figures[metric])
    if metric == "rmse_error" and "r2_score" in figures:
        return 1.0 - float(np.sqrt(max(0.0, 1.0 - figures["r2_score"])))
    return None


def collapse(advantage: float, resampled: FloatArray, recorded: float | None, size: int) -> str:
    """Why the champion counts as collapsed, as a sentence; empty where it does not.

    `advantage` is its gain over the best constant on these rows, `resampled` (resamples,) the same on
    resamples of them, and `recorded` what it passed the gate with.
    """
    known = resampled[np.isfinite(resampled)]
    if not len(known) or not np.isfinite(advantage):
        return ""
    here = f"on these {rows(size)}, which it was not trained on, the champion is"
    passed = "" if recorded is None else f", and was {share(recorded)} better when it passed the gate"
    if advantage <= 0 and (recorded is None or np.quantile(known, _SURE) < recorded):
        return f"{here} no better than a constant answer{passed}"
    if recorded is not None and np.quantile(known, _VERY_SURE) < KEPT_SHARE * recorded:
        return f"{here} only {share(advantage)} better than a constant answer{passed}"
    return ""
