"""What the endpoint answered, read back out of each format that it writes. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from inference.errors import InferenceError
from inference.formats import media_types
from inference.formats.openinference import PREDICT, PROBABILITIES
from inference.formats.tensors import read_tensor
from inference.model.npy import NpyError, read_array

Probabilities = list[list[float]]


class UnreadableAnswerError(ValueError):
    """The answer is none that the server writes: an error, say."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A prediction a row, number or class; of a classification the probabilities, where the format has
    them."""

    predictions: list[float] | list[str]
    probabilities: Probabilities | None = None


def read_answer(content_type: str, body: bytes, *, is_classifier: bool) -> Answers:
    """Raises UnreadableAnswerError."""
    kind, parameters = media_types.split(content_type)
    try:
        if kind == media_types.TRITON:
            found = _tensors(body, int(parameters[media_types.TRITON_LENGTH]))
        else:
            found = _READERS[kind](body)
        predictions, probabilities = found
        if is_classifier:
            return Answers(predictions=[str(label) for label in predictions], probabilities=probabilities)
        numbers = [float(value) for value in predictions]
        if not np.isfinite(numbers).all():
            raise ValueError("a prediction is not finite")
        return Answers(predictions=numbers)
    except (InferenceError, NpyError, KeyError, ValueError, TypeError, IndexError, csv.Error) as error:
        raise UnreadableAnswerError(f"{kind or 'no content type'}: {str(error)[:200]}") from error


Found = tuple[list[Any], Probabilities | None]


def _csv(body: bytes) -> Found:
    """A prediction a line; behind it may come the ends of an interval."""
    return [row[0] for row in csv.reader(io.StringIO(body.decode("utf-8"))) if row], None


def _json(body: bytes) -> Found:
    document = orjson.loads(body)
    if "outputs" in document:
        return _tensors(body, len(body))
    return document["predictions"], document.get("probabilities")


def _json_lines(body: bytes) -> Found:
    rows = [orjson.loads(line) for line in body.splitlines() if line.strip()]
    shares = [row["probabilities"] for row in rows if "probabilities" in row]
    return [row["prediction"] for row in rows], shares if rows and len(shares) == len(rows) else None


def _npy(body: bytes) -> Found:
    found = read_array(body)
    return list((found if found.ndim == 1 else found[:, 0]).tolist()), None


def _tensors(body: bytes, json_length: int) -> Found:
    document, rest = orjson.loads(body[:json_length]), memoryview(body)[json_length:]
    found = {}
    for entry in document["outputs"]:
        found[entry["name"]], rest = read_tensor(entry, rest)
    texts = [
        value.decode() if isinstance(value, bytes) else value for value in found[PREDICT].ravel().tolist()
    ]
    shares = found.get(PROBABILITIES)
    return texts, None if shares is None else shares.tolist()


_READERS: dict[str, Callable[[bytes], Found]] = {
    media_types.CSV: _csv,
    media_types.JSON: _json,
    media_types.JSON_LINES: _json_lines,
    media_types.NPY: _npy,
}
