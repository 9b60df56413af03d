"""XGBoost's classifier with class labels: its own takes only 0..n-1 as the target."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from xgboost import XGBClassifier, XGBRegressor

__all__ = ["LabelledXGBClassifier", "XGBRegressor"]


class LabelledXGBClassifier(XGBClassifier):  # type: ignore[misc]
    """Keeps the labels, sorted, as `labels_`; what XGBoost sees is their index."""

    def fit(self, X: Any, y: Any, **options: Any) -> Self:  # noqa: N803 - scikit-learn's name
        self.labels_, codes = np.unique(y, return_inverse=True)
        if watched := options.pop("eval_set", None):
            options["eval_set"] = [(rows, np.searchsorted(self.labels_, labels)) for rows, labels in watched]
        super().fit(X, codes, **options)
        return self

    def predict(self, X: Any, **options: Any) -> Any:  # noqa: N803 - scikit-learn's name
        found = np.asarray(super().predict(X, **options))
        return found if options.get("output_margin") else self.labels_[found.astype(int)]
