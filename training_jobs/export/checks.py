"""The rows that travel with a model, so that a server can tell whether it still answers as it should."""

from __future__ import annotations

import numpy as np
import pandas as pd

from inference.model import Model
from inference.model.artefact import Artefact
from inference.model.predictor import Predictor
from training_jobs.export.parity import matrix_of

CHECK_ROWS = 64


def with_check_rows(model: Model, rows: pd.DataFrame, seed: int) -> Artefact:
    """The model with at most CHECK_ROWS sampled rows and its answers to them; the manifest is still empty."""
    predictor = predictor_of(model)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:CHECK_ROWS])
    matrix = matrix_of(predictor, rows.iloc[chosen])
    return Artefact({}, model, matrix, predictor.answers(matrix))


def predictor_of(model: Model) -> Predictor:
    """What serves the model, without rows to check it by."""
    empty = np.empty((0, 0))
    return Predictor(Artefact({}, model, empty, empty))
