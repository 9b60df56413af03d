"""Answers as bytes, in each of the formats."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from inference.errors import MOST_NAME_CHARACTERS
from inference.formats.media_types import CSV, JSON_LINES, NPY
from inference.formats.npy_body import write_npy
from inference.model.predictor import Predictor

Numbers = npt.NDArray[np.float64]


def write(predictor: Predictor, answers: Numbers, kind: str, intervals: Numbers | None = None) -> bytes:
    """Predictions in the given format; classes come with their probabilities where the format has room, and
    values with the ends (n, 2) of their intervals where these are asked for."""
    if intervals is not None:
        return _with_intervals(answers[:, 0], intervals, kind)
    if kind == CSV:
        return _csv(predictor, answers)
    if kind == NPY:
        return write_npy(predictor.labels(answers))
    if kind == JSON_LINES:
        return _json_lines(predictor, answers)
    if not predictor.is_classifier:
        return b'{"predictions":' + _numbers(answers[:, 0]) + b"}"
    document = {
        "predictions": predictor.labels(answers).tolist(),
        "probabilities": answers.tolist(),
        "classes": predictor.classes.tolist(),
    }
    return orjson.dumps(document)


def _with_intervals(values: Numbers, ends: Numbers, kind: str) -> bytes:
    """CSV and NPY: prediction, lower and upper end of each row; JSON: the ends beside the predictions."""
    rows = np.column_stack([values, ends])
    if kind == NPY:
        return write_npy(rows)
    if kind == CSV:
        return b"".join(_numbers(row)[1:-1] + b"\n" for row in rows)
    if kind == JSON_LINES:
        documents = ({"prediction": value, "interval": [low, high]} for value, low, high in rows.tolist())
        return b"".join(orjson.dumps(document) + b"\n" for document in documents)
    return b'{"predictions":' + _numbers(values) + b',"intervals":' + _numbers(ends) + b"}"


def write_error(error: Exception, kind: str, request_id: str) -> bytes:
    """The reason, and where in the body it lies, as JSON or as one line."""
    if kind == CSV:
        return f"{error}\n".encode("utf-8", "backslashreplace")
    document: dict[str, Any] = {"error": _written(str(error)), "request_id": request_id}
    if (row := getattr(error, "row", None)) is not None:
        document["row"] = row
    if (column := getattr(error, "column", None)) is not None:
        document["column"] = _written(column[:MOST_NAME_CHARACTERS])
    return orjson.dumps(document)


def _written(text: str) -> str:
    """A text as UTF-8 can hold it, so that no name out of a body keeps its refusal from being told."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _numbers(values: npt.NDArray[np.float64]) -> bytes:
    """A JSON list with the shortest digits that give the same double back."""
    return orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)


def _csv(predictor: Predictor, answers: npt.NDArray[np.float64]) -> bytes:
    """One prediction a line."""
    if not predictor.is_classifier:
        if len(answers) == 1:
            return orjson.dumps(answers.item()) + b"\n"
        return _numbers(answers[:, 0])[1:-1].replace(b",", b"\n") + b"\n"
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([label] for label in predictor.labels(answers).tolist())
    return text.getvalue().encode()


def _json_lines(predictor: Predictor, answers: npt.NDArray[np.float64]) -> bytes:
    """One object a line, as batch transform puts them together."""
    documents: list[dict[str, Any]] = [{"prediction": label} for label in predictor.labels(answers).tolist()]
    if predictor.is_classifier:
        for document, shares in zip(documents, answers.tolist(), strict=True):
            document["probabilities"] = shares
    return b"".join(orjson.dumps(document) + b"\n" for document in documents)
