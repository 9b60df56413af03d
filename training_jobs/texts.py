"""Texts as counts of hashed n-grams, a scikit-learn transformer. The counting is contracts.hashing's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from contracts.hashing import TextHashing
from inference.model import FloatArray
from inference.model.predictor import encode_texts


class HashedTexts(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Each column of a frame as one count a bucket, column after column, by `hashings` by name.

    It learns nothing from the rows, so it cannot leak.
    """

    def __init__(self, hashings: Mapping[str, TextHashing]) -> None:
        self.hashings = hashings

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's name
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = len(X.columns)
        return self

    def transform(self, X: pd.DataFrame) -> FloatArray:  # noqa: N803 - scikit-learn's name
        return np.column_stack([encode_texts(X[name].tolist(), self.hashings[name]) for name in X.columns])

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        names = [
            f"{name}: {bucket}"
            for name in self.feature_names_in_
            for bucket in range(self.hashings[name].buckets)
        ]
        return np.asarray(names, dtype=object)
