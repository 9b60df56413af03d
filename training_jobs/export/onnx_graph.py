"""A user's own estimator as the ONNX graph that it says it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.errors import ArtefactError
from inference.model import Head, onnx, onnx_bytes
from training_jobs.errors import UnsupportedModelError
from training_jobs.export.scikit import Exported
from training_jobs.export.sources import Layout, Source


def own(estimator: Any, sources: Sequence[Source], layout: Layout) -> Exported:
    """The graph's bytes, and which entries it reads. Features stay outside it and exact."""
    classes = list(getattr(estimator, "classes_", []))
    graph = np.frombuffer(_bytes(estimator, len(sources)), dtype=np.uint8)
    entries = np.array([layout.materialise(source) for source in sources], dtype=np.int32)
    outputs = len(classes) or 1
    head = Head("onnx", outputs, (0.0,) * outputs)
    return head, {onnx.GRAPH: graph, onnx.INPUTS: entries}, classes


def _bytes(estimator: Any, inputs: int) -> bytes:
    """Of a ModelProto, or the bytes themselves; raises UnsupportedModelError naming the class."""
    name = type(estimator.inner).__name__
    try:
        found = estimator.inner.to_onnx(inputs)
    except Exception as error:
        raise UnsupportedModelError(f"{name}.to_onnx({inputs}): {type(error).__name__}: {error}") from error
    data = found if isinstance(found, bytes) else getattr(found, "SerializeToString", lambda: None)()
    if not isinstance(data, bytes):
        raise UnsupportedModelError(
            f"{name}.to_onnx({inputs}) gave {type(found).__name__}; expected an onnx.ModelProto or its bytes"
        )
    try:
        onnx_bytes.check(data)
    except ArtefactError as error:
        raise UnsupportedModelError(f"{name}.to_onnx({inputs}): {error}") from error
    return data
