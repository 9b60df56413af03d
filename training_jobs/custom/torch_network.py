"""A network of PyTorch, as an example of an estimator of your own.

It computes in doubles, and so does its graph, which is made of its weights and not by PyTorch's exporter:
that needs packages of its own, and the graph of a few dense layers is short.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

# Weight (outputs, inputs) and bias (outputs) of a dense layer, as torch.nn.Linear has them.
Layer = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


class _Network:
    """Dense layers with ReLU between them, fitted by Adam in small batches on one thread."""

    def __init__(
        self,
        hidden: str = "64,32",
        epochs: int = 100,
        batch_rows: int = 256,
        learning_rate: float = 0.003,
        weight_decay: float = 0.0001,
        random_state: int = 0,
    ) -> None:
        self.hidden = hidden
        self.epochs = epochs
        self.batch_rows = batch_rows
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.random_state = random_state

    def _fit(self, rows: Any, target: Any, outputs: int, loss: Any, sample_weight: Any) -> None:
        """`loss` gives one figure a row (n,); rows of a larger weight count for more."""
        import torch

        torch.manual_seed(self.random_state)
        torch.set_num_threads(1)
        given = torch.from_numpy(np.asarray(rows, dtype=np.float64))
        counts = np.ones(len(given)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        weights = torch.from_numpy(counts / counts.mean())
        network = self._unfitted(torch, given.shape[1], outputs)
        adam = torch.optim.Adam(network.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        for _ in range(self.epochs):
            for batch in torch.randperm(len(given)).split(self.batch_rows):
                adam.zero_grad()
                (loss(network(given[batch]), target[batch]) * weights[batch]).mean().backward()
                adam.step()
        self.layers_: list[Layer] = [
            (part.weight.detach().numpy().copy(), part.bias.detach().numpy().copy())
            for part in network
            if isinstance(part, torch.nn.Linear)
        ]

    def _unfitted(self, torch: Any, inputs: int, outputs: int) -> Any:
        sizes = [inputs, *map(int, self.hidden.split(",")), outputs]
        parts = []
        for width, following in pairwise(sizes):
            parts += [torch.nn.Linear(width, following), torch.nn.ReLU()]
        return torch.nn.Sequential(*parts[:-1]).double()


class Regressor(_Network):
    """custom:torch_network.Regressor"""

    def fit(self, rows: Any, target: Any, sample_weight: Any = None) -> Regressor:
        import torch

        values = np.asarray(target, dtype=np.float64)
        middle, spread = float(values.mean()), float(values.std()) or 1.0
        scaled = torch.from_numpy((values - middle) / spread)
        self._fit(rows, scaled, 1, lambda found, wanted: (found[:, 0] - wanted) ** 2, sample_weight)
        weight, bias = self.layers_[-1]
        self.layers_[-1] = (weight * spread, bias * spread + middle)
        return self

    def predict(self, rows: Any) -> Any:
        return sums_of(self.layers_, rows)[:, 0]

    def to_onnx(self, inputs: int) -> bytes:
        return graph_of(self.layers_, inputs, classes=False)


class Classifier(_Network):
    """custom:torch_network.Classifier"""

    def fit(self, rows: Any, target: Any, sample_weight: Any = None) -> Classifier:
        import torch

        cross_entropy = torch.nn.CrossEntropyLoss(reduction="none")
        classes = torch.from_numpy(np.asarray(target, dtype=np.int64))
        self._fit(rows, classes, int(classes.max()) + 1, cross_entropy, sample_weight)
        return self

    def predict_proba(self, rows: Any) -> Any:
        sums = sums_of(self.layers_, rows)
        shares = np.exp(sums - sums.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    def to_onnx(self, inputs: int) -> bytes:
        return graph_of(self.layers_, inputs, classes=True)


def sums_of(layers: Sequence[Layer], rows: Any) -> npt.NDArray[np.float64]:
    """What the last layer gives (n, outputs): the fitted network, without PyTorch."""
    values = np.asarray(rows, dtype=np.float64)
    for number, (weight, bias) in enumerate(layers):
        values = (values if number == 0 else np.maximum(values, 0.0)) @ weight.T + bias
    return values


def graph_of(layers: Sequence[Layer], inputs: int, *, classes: bool) -> bytes:
    """The same as an ONNX graph of doubles: values (n, 1), or probabilities (n, classes)."""
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes, tensors, at = [], [], "rows"
    for number, (weight, bias) in enumerate(layers):
        if number:
            nodes.append(helper.make_node("Relu", [at], [at := f"relu_{number}"]))
        tensors.append(numpy_helper.from_array(np.ascontiguousarray(weight.T), f"weight_{number}"))
        tensors.append(numpy_helper.from_array(bias, f"bias_{number}"))
        nodes.append(helper.make_node("MatMul", [at, f"weight_{number}"], [f"product_{number}"]))
        nodes.append(
            helper.make_node("Add", [f"product_{number}", f"bias_{number}"], [at := f"sum_{number}"])
        )
    if classes:
        nodes.append(helper.make_node("Softmax", [at], [at := "probabilities"], axis=1))
    outputs = len(layers[-1][1])
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("rows", TensorProto.DOUBLE, [None, inputs])],
        [helper.make_tensor_value_info(at, TensorProto.DOUBLE, [None, outputs])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return bytes(model.SerializeToString())
