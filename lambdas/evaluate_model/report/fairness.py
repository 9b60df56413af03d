"""Figures by declared group: whether the model serves, and errs, alike. Pure and JSON-compatible.

They inform and decide nothing: which of them ought to be equal is a question about the use, and not all can
be at once (Chouldechova, "Fair prediction with disparate impact", 2017).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lambdas.evaluate_model.evaluation import Evaluation
from lambdas.evaluate_model.slices import Slice
from scoring.classification import decisions
from scoring.figures import Array, FloatArray, on_rows


def fairness(evaluation: Evaluation) -> list[dict[str, Any]]:
    """By declared column: its groups with their figures, and how far apart the groups' metric is."""
    found = []
    for column in evaluation.contract.fairness_groups:
        groups = [_group(part, evaluation) for part in evaluation.slices if part.column == column]
        figures = [g["metric"] for g in groups if g["judged"] and g["metric"] is not None]
        found.append(
            {
                "column": column,
                "groups": groups,
                "spread": max(figures) - min(figures) if len(figures) > 1 else None,
            }
        )
    return found


def _group(part: Slice, evaluation: Evaluation) -> dict[str, Any]:
    rows, target, answers = part.rows, evaluation.target, evaluation.challenger
    metric = on_rows(evaluation.figure(answers, evaluation.threshold), rows)
    found: dict[str, Any] = {
        "value": part.value,
        "rows": part.size,
        "judged": part.size >= evaluation.config.gate.min_slice_rows,
        "metric": metric if np.isfinite(metric) else None,
    }
    if not evaluation.classes:
        found["mean_answer"] = float(answers[rows].mean())
        found["mean_truth"] = float(target[rows].mean())
        return found
    return {**found, **_rates(target[rows], answers[rows], evaluation.threshold)}


def _rates(target: Array, answers: FloatArray, threshold: float | None) -> dict[str, float | None]:
    """Of two classes how often the second is chosen: at all (demographic parity), where it is true (equal
    opportunity), and where it is not. Of more classes the share chosen rightly."""
    chosen = decisions(answers, threshold)
    if answers.shape[1] != 2:
        return {"right_share": float((chosen == target).mean())}
    true, false = target == 1, target == 0
    return {
        "chosen_share": float((chosen == 1).mean()),
        "true_positive_share": float((chosen[true] == 1).mean()) if true.any() else None,
        "false_positive_share": float((chosen[false] == 1).mean()) if false.any() else None,
    }
