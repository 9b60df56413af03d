"""A graph that a user's own estimator was exported to, run by onnxruntime: the declared slower path.

Features are made by the same steps as for every other model; the graph gets a matrix of its inputs and gives
values (n, 1) or (n,), or probabilities (n, classes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.errors import ArtefactError
from inference.model import onnx_bytes
from inference.model.structure import FloatArray, Head

GRAPH, INPUTS = "graph", "inputs"
# How far an answer may be from training's, relative to its size: graphs mostly compute in float32.
TOLERANCE = 1e-6
# Beyond it a sum of a few products no longer fits float32.
LARGEST = 1e15
_KINDS = {"tensor(float)": np.float32, "tensor(double)": np.float64}


def as_read(rows: Any, kind: Any = np.float32) -> npt.NDArray[Any]:
    """What an estimator learns from and a graph reads: float32, and held below what would overflow. A graph
    of doubles gets the same numbers."""
    held = np.clip(np.asarray(rows, dtype=np.float64), -LARGEST, LARGEST).astype(np.float32)
    return np.ascontiguousarray(held, dtype=kind)


class OnnxGraph:
    """`arrays`: the graph's bytes, and the entries of a row that it reads, in order."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], head: Head) -> None:
        """Raises ArtefactError where there is no runtime, or where it does not take the graph."""
        data = arrays[GRAPH].tobytes()
        onnx_bytes.check(data)
        self._session = _session(data)
        self._entries = arrays[INPUTS].astype(np.intp)
        self._input, self._kind = _input(self._session, len(self._entries))
        self._output = _output(self._session)
        self._outputs = head.outputs

    def __call__(self, entries: FloatArray) -> FloatArray:
        """What the graph answers, (n, outputs)."""
        if not len(entries):
            return np.empty((0, self._outputs))
        rows = as_read(entries[:, self._entries], self._kind)
        try:
            found = self._session.run([self._output], {self._input: rows})[0]
        except Exception as error:  # onnxruntime's errors have no common class of its own
            raise ArtefactError(f"onnxruntime cannot run the graph: {str(error)[:300]}") from error
        if found.size != len(rows) * self._outputs:
            raise ArtefactError(
                f"the graph answers {len(rows)} rows with the shape {found.shape}; "
                f"{(len(rows), self._outputs)} is wanted"
            )
        return np.asarray(found.reshape(len(rows), self._outputs), dtype=np.float64)


def _session(data: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ArtefactError(
            "this image has no onnxruntime, which models of a custom estimator are served by; "
            "deploy it with training.estimator set to that estimator"
        ) from error
    options = onnxruntime.SessionOptions()
    # One request has one thread, as everywhere in this server.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ArtefactError(f"onnxruntime does not take the graph: {str(error)[:300]}") from error


def _input(session: Any, width: int) -> tuple[str, Any]:
    """The name and type of the graph's one input: a matrix of so many columns."""
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type not in _KINDS or len(inputs[0].shape) != 2:
        found = ", ".join(f"{i.name}: {i.type} {i.shape}" for i in inputs)
        raise ArtefactError(f"the graph must read one matrix of floats or doubles, and it reads {found}")
    columns = inputs[0].shape[1]
    if isinstance(columns, int) and columns != width:
        raise ArtefactError(f"the graph reads {columns} columns, and {width} are there")
    if isinstance(inputs[0].shape[0], int):
        raise ArtefactError(
            f"the graph reads {inputs[0].shape[0]} rows at a time; leave the number of rows open"
        )
    return inputs[0].name, _KINDS[inputs[0].type]


def _output(session: Any) -> str:
    """The name of the graph's one output of floats; there may be others, such as labels."""
    floats = [output.name for output in session.get_outputs() if output.type in _KINDS]
    if len(floats) != 1:
        found = ", ".join(f"{output.name}: {output.type}" for output in session.get_outputs())
        raise ArtefactError(
            f"the graph must have one output of floats or doubles (the values, or the probabilities "
            f"without ZipMap), and it has {found}"
        )
    return str(floats[0])
