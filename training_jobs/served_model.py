"""The model as MLflow loads it: the artefact that serves, read by the code that serves.

MLflow keeps this file's text beside the artefact ("models from code") and runs it to load the model, so there
is no pickle, and the answers are those of the endpoint to the last bit.
"""

from __future__ import annotations

from typing import Any

import mlflow.models
import mlflow.pyfunc
import pandas as pd

from inference.model.predictor import Predictor

ARTEFACT = "artefact"


class ServedModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Predictions for the rows of a data frame."""

    def load_context(self, context: Any) -> None:
        self._predictor = Predictor.load(context.artifacts[ARTEFACT])
        self._predictor.check()

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        return self._predictor.predict_frame(model_input)


mlflow.models.set_model(ServedModel())
