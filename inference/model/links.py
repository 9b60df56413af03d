"""From sums to answers: division, and the link that turns scores into probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.model import FloatArray, Head

# XGBoost's sigmoid keeps its exponent below this (src/common/math.h), so that expf cannot overflow.
_XGBOOST_EXPONENT = 88.7


def answers(sums: FloatArray, head: Head) -> FloatArray:
    """Predictions (n, 1) of a regression, probabilities (n, classes) of a classification."""
    if head.divisor != 1.0:
        sums = sums / head.divisor
    if head.link == "identity":
        return sums
    scores = sums.astype(head.precision)
    return _LINKS[head.link](scores).astype(np.float64)


def _sigmoid(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    exponent = -scores[:, 0]
    if scores.dtype == np.float32:
        exponent = np.minimum(exponent, np.float32(_XGBOOST_EXPONENT))
    one = scores.dtype.type(1)
    positive = one / (one + _exp(exponent))
    return np.column_stack([one - positive, positive])


def _softmax(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    powers = _exp(scores - scores.max(axis=1, keepdims=True))
    total = powers.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.asarray(powers / total.astype(scores.dtype))


def _exp(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Rounded once from double: what the C library's expf gives for nearly every float32."""
    with np.errstate(over="ignore"):
        return np.exp(values.astype(np.float64)).astype(values.dtype)


_LINKS: dict[str, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    "exp": _exp,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}
