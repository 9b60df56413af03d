"""The metrics of a set of predictions. A name's suffix carries the direction: `_error` down, `_score` up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from inference.model import FloatArray


def regression_scores(target: FloatArray, predicted: FloatArray) -> dict[str, float]:
    residual = target - predicted
    spread = float(np.square(target - target.mean()).sum())
    return {
        "rmse_error": float(np.sqrt(np.square(residual).mean())),
        "mae_error": float(np.abs(residual).mean()),
        "r2_score": 1.0 - float(np.square(residual).sum()) / spread if spread else 0.0,
    }


def classification_scores(
    target: npt.NDArray[Any], probabilities: FloatArray, classes: npt.NDArray[Any]
) -> dict[str, float]:
    """`probabilities` (n, classes), columns in the order of `classes`; F1 and ROC AUC are macro averages."""
    from sklearn.metrics import f1_score, log_loss, roc_auc_score

    labels = classes[probabilities.argmax(axis=1)]
    several = len(classes) > 2
    area = probabilities if several else probabilities[:, 1]
    return {
        "log_loss_error": float(log_loss(target, probabilities, labels=classes)),
        "accuracy_score": float((labels == target).mean()),
        "f1_score": float(f1_score(target, labels, average="macro")),
        "roc_auc_score": float(
            roc_auc_score(target, area, multi_class="ovr" if several else "raise", labels=classes)
        ),
    }


def score(pipeline: Any, features: Any, target: npt.NDArray[Any], task: str) -> dict[str, float]:
    """A fitted pipeline's metrics on the given rows."""
    if task == "regression":
        return regression_scores(target, np.asarray(pipeline.predict(features), dtype=np.float64))
    classes = np.asarray(getattr(pipeline[-1], "labels_", pipeline[-1].classes_))
    return classification_scores(target, np.asarray(pipeline.predict_proba(features)), classes)
