"""Dense layers in numpy: what a multilayer perceptron computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.model.structure import FloatArray, Head


class DenseLayers:
    """Weighted sums of a row's entries, layer after layer, with the head's activation between them."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], head: Head) -> None:
        count = sum(name.startswith("weights_") for name in arrays)
        self._layers = [(arrays[f"weights_{k}"], arrays[f"bias_{k}"]) for k in range(count)]
        self._used = np.flatnonzero(np.any(self._layers[0][0] != 0, axis=1))
        self._activate = ACTIVATIONS[head.activation]

    def __call__(self, entries: FloatArray) -> FloatArray:
        """Sums (n, outputs) of the last layer."""
        values = entries[:, self._used]
        with np.errstate(over="ignore", invalid="ignore"):
            for number, (weights, bias) in enumerate(self._layers):
                values = values @ (weights if number else weights[self._used]) + bias
                if number + 1 < len(self._layers):
                    values = self._activate(values)
        return np.asarray(values)


def _logistic(values: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp(-values)))


ACTIVATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "relu": lambda values: np.maximum(values, 0.0),
    "tanh": np.tanh,
    "logistic": _logistic,
    "identity": lambda values: values,
}
