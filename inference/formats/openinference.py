"""The Open Inference Protocol, version 2, as KServe, MLServer and Triton speak it.

Sources: kserve/open-inference-protocol (inference_rest.md) and Triton's extension for binary tensors, where
the body is JSON followed by the tensors' bytes and a header tells where the JSON ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from inference.errors import InvalidRequestError
from inference.formats.json_body import load_json
from inference.formats.shown import shown, shown_list
from inference.formats.tensors import BYTES, datatype_of, read_tensor, to_bytes
from inference.formats.typed_columns import matrix_of_values
from inference.formats.values import Codes
from inference.model import FloatArray, InputColumn
from inference.model.intervals import RESIDUALS, USUAL_LEVEL, intervals
from inference.model.predictor import Predictor

PREDICT, PROBABILITIES, INTERVAL = "predict", "predict_proba", "interval"
HEADER_LENGTH = "inference-header-content-length"
# How columns are announced; numbers, whole ones too, are FP64, so that NaN can stand for a missing one.
_DATATYPES = {"category": BYTES, "text": BYTES, "date": BYTES, "timestamp": BYTES, "boolean": "BOOL"}
Tensors = Mapping[str, npt.NDArray[Any]]


def metadata(predictor: Predictor, name: str) -> dict[str, Any]:
    """What GET /v2/models/NAME says: one tensor a column in, predictions and probabilities out."""
    inputs = [
        {"name": c.name, "datatype": _DATATYPES.get(c.type, "FP64"), "shape": [-1]} for c in predictor.columns
    ]
    label = datatype_of(predictor.classes) if predictor.is_classifier else "FP64"
    outputs: list[dict[str, Any]] = [{"name": PREDICT, "datatype": label, "shape": [-1]}]
    if predictor.is_classifier:
        outputs.append({"name": PROBABILITIES, "datatype": "FP64", "shape": [-1, len(predictor.classes)]})
    if RESIDUALS in predictor.model.arrays:
        outputs.append({"name": INTERVAL, "datatype": "FP64", "shape": [-1, 2]})
    return {"name": name, "versions": ["1"], "platform": "greenlight", "inputs": inputs, "outputs": outputs}


class Inference(NamedTuple):
    """What an inference request asks: rows (n, columns), and the outputs wanted, each binary or not; `level`
    (0-1) is that of the intervals, where they are among them."""

    matrix: FloatArray
    id: str | None
    wanted: Mapping[str, bool]
    level: float = USUAL_LEVEL


def read_request(predictor: Predictor, body: bytes, json_length: int | None) -> Inference:
    """Raises InvalidRequestError naming tensor and element. Intervals come where they are among the outputs,
    or where the request's parameter `interval` gives their level."""
    document, rest = _split(body, json_length)
    matrix = _matrix_of(document, rest, predictor.columns, predictor.codes)
    names = (PREDICT, PROBABILITIES) if predictor.is_classifier else (PREDICT,)
    level = _level(document)
    known = (*names, INTERVAL) if RESIDUALS in predictor.model.arrays else names
    if level is not None and INTERVAL not in known:
        raise InvalidRequestError("'parameters' ask for an interval, and this model has none")
    usual = names if level is None else known
    asked_id = document.get("id")
    wanted = _wanted(document, known, usual)
    asked = asked_id if isinstance(asked_id, str) else None
    return Inference(matrix, asked, wanted, USUAL_LEVEL if level is None else level)


def read_matrix(
    columns: Sequence[InputColumn], codes: Codes, body: bytes, json_length: int | None
) -> FloatArray:
    """The rows (n, columns) of a request, whatever it asks for; raises InvalidRequestError."""
    return _matrix_of(*_split(body, json_length), columns, codes)


def _matrix_of(
    document: Mapping[str, Any], rest: memoryview, columns: Sequence[InputColumn], codes: Codes
) -> FloatArray:
    return matrix_of_values(_columns_of(_inputs(document, rest), columns), columns, codes)


def write_answer(
    predictor: Predictor, name: str, asked: Inference, answers: FloatArray
) -> tuple[bytes, int | None]:
    """The answer's body, and the length of its JSON where binary tensors follow."""
    tensors: dict[str, npt.NDArray[Any]] = {PREDICT: predictor.labels(answers)}
    if predictor.is_classifier:
        tensors[PROBABILITIES] = answers
    if INTERVAL in asked.wanted:
        tensors[INTERVAL] = intervals(predictor.model, answers, asked.level)
    head: dict[str, Any] = {"model_name": name, "model_version": "1"}
    if asked.id is not None:
        head["id"] = asked.id
    return _outputs(head, tensors, asked.wanted)


def _split(body: bytes, json_length: int | None) -> tuple[dict[str, Any], memoryview]:
    end = len(body) if json_length is None else json_length
    if end > len(body):
        raise InvalidRequestError(f"{HEADER_LENGTH} is {end}, and the body has {len(body)} bytes")
    document = load_json(body[:end])
    inputs = document.get("inputs") if isinstance(document, dict) else None
    if not isinstance(inputs, list) or not inputs:
        raise InvalidRequestError("expected an object with 'inputs', a list of tensors")
    return document, memoryview(body)[end:]


def is_request(body: bytes) -> bool:
    """Whether a JSON body is an inference request: its inputs are tensors, not rows."""
    if b'"inputs"' not in body or b'"datatype"' not in body:
        return False
    document = load_json(body)
    inputs = document.get("inputs") if isinstance(document, dict) else None
    return isinstance(inputs, list) and all(
        isinstance(entry, dict) and "datatype" in entry for entry in inputs
    )


def _inputs(document: Mapping[str, Any], rest: memoryview) -> Tensors:
    tensors: dict[str, npt.NDArray[Any]] = {}
    for entry in document["inputs"]:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise InvalidRequestError(f"an input is {shown(entry)}; expected an object with a name")
        if entry["name"] in tensors:
            raise InvalidRequestError(f"input {shown(entry['name'])} is given twice")
        tensors[entry["name"]], rest = read_tensor(entry, rest)
    if len(rest):
        raise InvalidRequestError(f"{len(rest)} bytes are left over after the binary tensors")
    return tensors


def _columns_of(tensors: Tensors, columns: Sequence[InputColumn]) -> list[npt.NDArray[Any]]:
    """One array (n,) a column, out of one tensor a column or of one of all columns."""
    names = [column.name for column in columns]
    if len(tensors) == 1 and set(tensors) != set(names):
        return _split_matrix(next(iter(tensors.values())), names)
    problems = []
    if lacking := [name for name in names if name not in tensors]:
        problems.append(f"lack {shown_list(lacking)}")
    if extra := [name for name in tensors if name not in names]:
        problems.append(f"have the unknown {shown_list(extra)}")
    if problems:
        raise InvalidRequestError(f"the inputs {' and '.join(problems)}")
    rows = tensors[names[0]].size
    for name in names:
        if tensors[name].shape not in ((rows,), (rows, 1)):
            shape = list(tensors[name].shape)
            raise InvalidRequestError(f"has the shape {shape}; expected [{rows}] or [{rows}, 1]", column=name)
    return [tensors[name].reshape(-1) for name in names]


def _split_matrix(tensor: npt.NDArray[Any], names: Sequence[str]) -> list[npt.NDArray[Any]]:
    if tensor.ndim != 2 or tensor.shape[1] != len(names):
        raise InvalidRequestError(
            f"the one input has the shape {list(tensor.shape)}; expected [rows, {len(names)}], "
            f"or one tensor a column: {', '.join(names)}"
        )
    return [tensor[:, position] for position in range(len(names))]


def _level(document: Mapping[str, Any]) -> float | None:
    """The level of the intervals that the request's parameters ask for."""
    parameters = document.get("parameters")
    found = parameters.get(INTERVAL) if isinstance(parameters, dict) else None
    if found is not None and type(found) not in (int, float):
        raise InvalidRequestError(
            f"'parameters' have the interval {shown(found)}; expected a level such as 0.9"
        )
    return found


def _wanted(document: Mapping[str, Any], names: Sequence[str], usual: Sequence[str]) -> dict[str, bool]:
    """The outputs asked for, or the usual ones, and whether each is to be binary."""
    everywhere = _flag(document.get("parameters"), "binary_data_output", False)
    asked = document.get("outputs") or [{"name": name} for name in usual]
    if not isinstance(asked, list):
        raise InvalidRequestError(f"'outputs' is {shown(asked)}; expected a list")
    wanted: dict[str, bool] = {}
    for entry in asked:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or name not in names:
            raise InvalidRequestError(f"output {shown(name)} is not one of {', '.join(names)}")
        wanted[name] = _flag(entry.get("parameters"), "binary_data", everywhere)
    return wanted


def _flag(parameters: Any, name: str, default: bool) -> bool:
    return bool(parameters.get(name, default)) if isinstance(parameters, dict) else default


def _outputs(head: dict[str, Any], tensors: Tensors, wanted: Mapping[str, bool]) -> tuple[bytes, int | None]:
    entries, blobs = [], []
    for name, binary in wanted.items():
        tensor = tensors[name]
        entry: dict[str, Any] = {
            "name": name,
            "datatype": datatype_of(tensor),
            "shape": list(tensor.shape),
        }
        if binary:
            blobs.append(to_bytes(tensor))
            entry["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            entry["data"] = np.ravel(tensor).tolist()
        entries.append(entry)
    text = orjson.dumps({**head, "outputs": entries})
    return (text + b"".join(blobs), len(text)) if blobs else (text, None)
