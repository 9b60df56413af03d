"""An ONNX graph is looked at before a library is handed it; what could do more than arithmetic is not run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from inference.errors import ArtefactError
from inference.model import Head, InputColumn, Model, artefact, onnx_bytes
from inference.model.artefact import Artefact, model_hash
from inference.model.predictor import Predictor
from tests.unit.training_jobs.own_estimators.lines import graph_of

GRAPH = graph_of([[2.0], [3.0]], [1.0])


def model_with(graph: bytes, outputs: int = 1, inputs: tuple[int, ...] = (0, 1), **options: Any) -> Model:
    arrays: dict[str, Any] = {
        "graph": np.frombuffer(graph, dtype=np.uint8),
        "inputs": np.array(inputs, dtype=np.int32),
    }
    head = Head("onnx", outputs, (0.0,) * outputs)
    columns = (InputColumn("a", "number"), InputColumn("b", "number"))
    return Model(columns, (), head, arrays={**arrays, **options.pop("arrays", {})}, **options)


def predictor_of(model: Model) -> Predictor:
    return Predictor(Artefact({}, model, np.empty((0, 2)), np.empty((0, model.head.outputs))))


def refused(graph: onnx.ModelProto) -> str:
    with pytest.raises(ArtefactError) as caught:
        predictor_of(model_with(graph.SerializeToString()))
    return str(caught.value)


def altered() -> onnx.ModelProto:
    graph = onnx.ModelProto()
    graph.CopyFrom(GRAPH)
    return graph


def test_rows_are_answered_one_by_one_and_together() -> None:
    predictor = predictor_of(model_with(GRAPH.SerializeToString()))
    rows = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 0.5]])
    assert predictor.answers(rows)[:, 0].tolist() == [6.0, 5.0, 2.5]
    assert predictor.answers(rows[1:2])[0, 0] == 5.0
    assert predictor.answers(rows[:0]).shape == (0, 1)


def test_it_is_written_and_read_again_and_held_to_its_check_rows(tmp_path: Path) -> None:
    model, rows = model_with(GRAPH.SerializeToString()), np.array([[1.0, 1.0], [2.0, 0.0]])
    saved = Artefact({"model_hash": model_hash(model)}, model, rows, np.array([[6.0], [5.0]]))
    artefact.write(tmp_path, saved)
    Predictor.load(tmp_path).check()
    off = Artefact(saved.manifest, model, rows, np.array([[6.0], [5.0001]]))
    with pytest.raises(ArtefactError, match="self check: row 2"):
        Predictor(off).check()


def test_tensors_in_other_files_are_refused_wherever_they_are() -> None:
    graph = altered()
    tensor = graph.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    assert "keeps a tensor in another file" in refused(graph)
    hidden = altered()
    constant = helper.make_node("Constant", [], ["unused"], value=tensor)
    hidden.graph.node.append(constant)
    assert "keeps a tensor in another file" in refused(hidden)
    branch = helper.make_graph([constant], "branch", [], [])
    inner = altered()
    inner.graph.node.append(helper.make_node("If", ["rows"], ["x"], then_branch=branch, else_branch=branch))
    assert "keeps a tensor in another file" in refused(inner)


def test_operators_beyond_the_standard_are_refused() -> None:
    graph = altered()
    graph.graph.node[0].domain = "com.microsoft"
    assert "'com.microsoft'" in refused(graph)
    imported = altered()
    imported.opset_import.append(helper.make_opsetid("my.operators", 1))
    assert "'my.operators'" in refused(imported)


def test_a_graph_that_does_not_fit_the_model_says_how() -> None:
    assert "reads 3 columns, and 2 are there" in refused(graph_of([[1.0]] * 3, [0.0]))
    assert "1 rows at a time" in refused(graph_of([[2.0], [3.0]], [1.0], rows=1))
    two = predictor_of(model_with(graph_of([[2.0, 1.0], [3.0, 1.0]], [1.0, 1.0]).SerializeToString()))
    with pytest.raises(ArtefactError, match=r"answers 1 rows with the shape \(1, 2\); \(1, 1\) is wanted"):
        two.answers(np.ones((1, 2)))
    with pytest.raises(ArtefactError, match="reads no entry"):
        predictor_of(model_with(GRAPH.SerializeToString(), inputs=(0, 2)))
    with pytest.raises(ArtefactError, match="'graph' is missing"):
        predictor_of(Model((InputColumn("a", "number"),), (), Head("onnx", 1, (0.0,))))


def test_its_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_bytes, "MOST_BYTES", 50)
    assert "1 to 50 are read" in refused(GRAPH)


def test_an_image_without_the_runtime_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    assert "this image has no onnxruntime" in refused(GRAPH)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_graph_are_refused_by_name(data: bytes) -> None:
    try:
        onnx_bytes.check(data)
    except ArtefactError:
        return


@given(st.integers(0, len(GRAPH.SerializeToString()) - 1), st.integers(0, 255))
def test_a_byte_that_changed_is_refused_by_name_or_changes_a_number(place: int, value: int) -> None:
    data = bytearray(GRAPH.SerializeToString())
    data[place] = value
    try:
        predictor_of(model_with(bytes(data))).answers(np.ones((1, 2)))
    except ArtefactError:
        return
