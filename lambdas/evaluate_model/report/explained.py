"""The Shapley values as the page draws them: a beeswarm of points by column. Pure and JSON-compatible."""

from __future__ import annotations

from typing import Any

import numpy as np

from lambdas.evaluate_model.evaluation import Evaluation
from scoring.figures import FloatArray

MAX_COLUMNS = 20
# How a column's value in a row compares with its others, from low to high.
LEVELS = 5


def explained(evaluation: Evaluation) -> dict[str, Any]:
    """Columns by mean size, largest first; `levels` is 0 (low) to 4 (high), None for texts and gaps."""
    found = evaluation.explanation
    sizes = np.abs(found.values).mean(axis=0)
    order = np.argsort(-sizes, kind="stable")[:MAX_COLUMNS]
    texts = {c.name for c in evaluation.contract.columns if c.hashing or c.type == "category"}
    return {
        "of": _subject(evaluation),
        "rows": len(found.values),
        "columns": [
            {
                "column": evaluation.features[i],
                "mean_size": float(sizes[i]),
                "values": [float(f"{value:.5g}") for value in found.values[:, i]],
                "levels": _levels(found.matrix[:, i], evaluation.features[i] in texts),
            }
            for i in order
        ],
    }


def _subject(evaluation: Evaluation) -> str:
    """What the values add up to."""
    if not evaluation.classes:
        return f"predicted {evaluation.contract.target}"
    shown = evaluation.classes[1 if len(evaluation.manifest.get("classes", [])) == 2 else 0]
    return f"probability of {shown}"


def _levels(values: FloatArray, are_texts: bool) -> list[int | None]:
    if are_texts:
        return [None] * len(values)
    present = np.sort(values[~np.isnan(values)])
    if not len(present) or present[0] == present[-1]:
        return [None] * len(values)
    rank = (np.searchsorted(present, values, "left") + np.searchsorted(present, values, "right")) / 2
    level = np.minimum((rank / len(present) * LEVELS).astype(int), LEVELS - 1)
    return [None if np.isnan(value) else int(of) for value, of in zip(values, level, strict=True)]
