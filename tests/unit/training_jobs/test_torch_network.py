"""The graph of the PyTorch example answers as its layers do; PyTorch itself takes part in make test-torch."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from inference.model import Head, onnx
from inference.model.onnx import OnnxGraph, as_read
from training_jobs.custom.torch_network import Classifier, Layer, Regressor

pytest.importorskip("onnx", reason="make setup-custom installs it")
pytest.importorskip("onnxruntime", reason="make setup-custom installs it")


def layers(*sizes: int) -> list[Layer]:
    random = np.random.default_rng(1)
    return [
        (random.normal(size=(following, width)), random.normal(size=following))
        for width, following in pairwise(sizes)
    ]


@pytest.mark.parametrize(("model", "outputs"), [(Regressor(), 1), (Classifier(), 2), (Classifier(), 4)])
def test_the_graph_answers_as_the_network_does(model: Any, outputs: int) -> None:
    model.layers_ = layers(5, 8, 6, outputs)
    rows = np.random.default_rng(2).normal(scale=3, size=(300, 5))
    graph = np.frombuffer(model.to_onnx(5), dtype=np.uint8)
    arrays: dict[str, npt.NDArray[Any]] = {onnx.GRAPH: graph, onnx.INPUTS: np.arange(5)}
    found = OnnxGraph(arrays, Head("onnx", outputs, (0.0,) * outputs))(rows)
    expected = model.predict(as_read(rows)) if outputs == 1 else model.predict_proba(as_read(rows))
    assert np.allclose(found, np.reshape(expected, found.shape), rtol=1e-12, atol=1e-15)
    if outputs > 1:
        assert np.allclose(found.sum(axis=1), 1.0)
