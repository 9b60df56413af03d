"""CatBoost, as an example of an estimator of your own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

# Of a tree ensemble's attributes in onnx.ml: thresholds, leaves, and what is added to them.
_NUMBERS = ("nodes_values", "target_weights", "class_weights", "base_values")


class _CatBoost:
    """CatBoost's parameters by its own names, on one thread and without files of its own."""

    takes_missing_values = True
    model_: Any

    def __init__(self, random_state: int = 0, **parameters: Any) -> None:
        self.settings = {"iterations": 500, "learning_rate": 0.05, "depth": 6, **parameters}
        self.settings |= {"random_seed": random_state, "verbose": False, "allow_writing_files": False}

    def _graph(self) -> Any:
        """CatBoost's own graph, made to add up in doubles: in floats many trees are off by too much."""
        import onnx

        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "model.onnx"
            self.model_.save_model(str(path), format="onnx")
            model = onnx.load(path)
        for opset in model.opset_import:
            opset.version = 3 if opset.domain == "ai.onnx.ml" else opset.version
        trees = next(node for node in model.graph.node if node.op_type.startswith("TreeEnsemble"))
        for attribute in [a for a in trees.attribute if a.name in _NUMBERS]:
            values = np.array(attribute.floats, dtype=np.float64)
            attribute.CopyFrom(
                onnx.helper.make_attribute(
                    f"{attribute.name}_as_tensor", onnx.numpy_helper.from_array(values, attribute.name)
                )
            )
        model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
        return model


class Regressor(_CatBoost):
    """custom:catboost_model.Regressor"""

    def fit(self, rows: Any, target: Any, sample_weight: Any = None) -> Regressor:
        from catboost import CatBoostRegressor

        self.model_ = CatBoostRegressor(**self.settings).fit(rows, target, sample_weight=sample_weight)
        return self

    def predict(self, rows: Any) -> Any:
        return self.model_.predict(rows)

    def to_onnx(self, inputs: int) -> bytes:
        return bytes(self._graph().SerializeToString())


class Classifier(_CatBoost):
    """custom:catboost_model.Classifier"""

    def fit(self, rows: Any, target: Any, sample_weight: Any = None) -> Classifier:
        from catboost import CatBoostClassifier

        classes = len(np.unique(target))
        loss = "Logloss" if classes == 2 else "MultiClass"
        self.model_ = CatBoostClassifier(loss_function=loss, **self.settings)
        self.model_.fit(rows, target, sample_weight=sample_weight)
        return self

    def predict_proba(self, rows: Any) -> Any:
        return self.model_.predict_proba(rows)

    def to_onnx(self, inputs: int) -> bytes:
        """Probabilities as a matrix: CatBoost's own graph ends in a list of mappings."""
        import onnx

        model = self._graph()
        zipmap = next(node for node in model.graph.node if node.op_type == "ZipMap")
        output = next(output for output in model.graph.output if output.name == zipmap.output[0])
        matrix = onnx.helper.make_tensor_value_info(zipmap.input[0], onnx.TensorProto.FLOAT, [None, None])
        output.CopyFrom(matrix)
        model.graph.node.remove(zipmap)
        return bytes(model.SerializeToString())
