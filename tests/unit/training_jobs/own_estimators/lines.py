"""Least squares and a logistic regression, each with the graph that answers as it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def graph_of(weights: Any, bias: Any, link: str = "", rows: object = None) -> onnx.ModelProto:
    """rows @ weights + bias, then the link."""
    weights, bias = np.asarray(weights, dtype=np.float32), np.asarray(bias, dtype=np.float32)
    nodes = [helper.make_node("Gemm", ["rows", "weights", "bias"], ["sums" if link else "answers"])]
    nodes += [helper.make_node(link, ["sums"], ["answers"])] if link else []
    graph = helper.make_graph(
        nodes,
        "line",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [rows, len(weights)])],
        [helper.make_tensor_value_info("answers", TensorProto.FLOAT, [None, len(bias)])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])


class Line:
    """`slope` stretches what is learnt; the parameter is there to be named."""

    def __init__(self, slope: float = 1.0) -> None:
        self.slope = slope

    def fit(self, rows: Any, target: Any, sample_weight: Any = None) -> Line:
        assert rows.dtype == np.float32
        assert np.isfinite(rows).all()
        root = np.sqrt(np.ones(len(rows)) if sample_weight is None else sample_weight)[:, None]
        wide = np.column_stack([rows, np.ones(len(rows))]).astype(np.float64)
        self.weights = np.linalg.lstsq(wide * root, target * root[:, 0], rcond=1e-6)[0] * self.slope
        return self

    def predict(self, rows: Any) -> Any:
        return rows.astype(np.float64) @ self.weights[:-1] + self.weights[-1]

    def to_onnx(self, inputs: int) -> Any:
        assert inputs == len(self.weights) - 1
        return graph_of(self.weights[:-1, None], self.weights[-1:])


class Odds:
    """Classes by their numbers, softly."""

    def fit(self, rows: Any, target: Any) -> Odds:
        from sklearn.linear_model import LogisticRegression

        self.model = LogisticRegression().fit(rows, target)
        return self

    def predict_proba(self, rows: Any) -> Any:
        weights, bias = self.scores()
        scores = rows.astype(np.float64) @ weights + bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def to_onnx(self, inputs: int) -> bytes:
        return bytes(graph_of(*self.scores(), "Softmax").SerializeToString())

    def scores(self) -> tuple[Any, Any]:
        weights, bias = self.model.coef_.T, self.model.intercept_
        if len(bias) > 1:
            return weights, bias
        return np.column_stack([0.0 * weights, weights]), np.array([0.0, bias[0]])


class Liar(Line):
    """Its graph is another line."""

    def to_onnx(self, inputs: int) -> Any:
        return graph_of(self.weights[:-1, None] * 1.001, self.weights[-1:])


class Speechless(Line):
    def to_onnx(self, inputs: int) -> Any:
        return "a graph"


class WithoutGraph:
    def fit(self, rows: Any, target: Any) -> WithoutGraph:
        return self

    def predict(self, rows: Any) -> Any:
        return np.zeros(len(rows))
