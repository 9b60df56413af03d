"""What a fitted pipeline answers, whichever library it comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.figures import FloatArray
from training_jobs.blend import Blend


def answers_of(pipeline: Any, features: Any, task: str) -> FloatArray:
    """Predictions (n,) of a regression, probabilities (n, classes) of a classification."""
    ask = pipeline.predict if task == "regression" else pipeline.predict_proba
    return np.asarray(ask(features), dtype=np.float64)


def classes_of(pipeline: Any) -> npt.NDArray[Any]:
    """The classes in the order of the columns of the pipeline's probabilities."""
    if isinstance(pipeline, Blend):
        return np.asarray(pipeline.classes_)
    return np.asarray(getattr(pipeline[-1], "labels_", pipeline[-1].classes_))
