"""Which reader takes which content type, and the short cut for plain CSV."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inference.errors import UnsupportedContentTypeError
from inference.formats.csv_body import header_order, parse_csv
from inference.formats.json_body import parse_json, parse_json_lines
from inference.formats.media_types import CSV, JSON, JSON_LINES, NPY
from inference.formats.npy_body import parse_npy
from inference.formats.shown import shown
from inference.model import FloatArray
from inference.model.predictor import Predictor


def read_body(predictor: Predictor, content_type: str, body: bytes) -> FloatArray:
    """The matrix (n, columns) of a request; raises InvalidRequestError or UnsupportedContentTypeError."""
    return reader_of(content_type)(predictor, body)


def reader_of(content_type: str) -> Callable[[Predictor, bytes], FloatArray]:
    """Raises UnsupportedContentTypeError."""
    reader = _READERS.get(content_type)
    if reader is None:
        raise UnsupportedContentTypeError(
            f"cannot read {shown(content_type) if content_type else 'a body of no content type'}; "
            f"known are {', '.join(_READERS)}"
        )
    return reader


def read_csv(predictor: Predictor, body: bytes) -> FloatArray:
    """By the compiled reader where the body is plain, else by Python's, which also words the mistakes."""
    if predictor.kernel is not None:
        matrix = predictor.kernel.read_csv(body)
        if matrix is None:
            end = body.find(b"\n")
            order = header_order(body[:end], predictor.columns) if end >= 0 else None
            if order is not None:
                matrix = predictor.kernel.read_csv(body[end + 1 :], np.array(order, dtype=np.int32))
        if matrix is not None:
            return matrix
    return parse_csv(body, predictor.columns, predictor.codes)


def read_json(predictor: Predictor, body: bytes) -> FloatArray:
    """By the compiled reader where the body is plain, else by Python's."""
    matrix = predictor.kernel.read_json(body) if predictor.kernel else None
    return parse_json(body, predictor.columns, predictor.codes) if matrix is None else matrix


def _by_python(parse: Callable[..., FloatArray]) -> Callable[[Predictor, bytes], FloatArray]:
    return lambda predictor, body: parse(body, predictor.columns, predictor.codes)


_READERS: dict[str, Callable[[Predictor, bytes], FloatArray]] = {
    CSV: read_csv,
    JSON: read_json,
    JSON_LINES: _by_python(parse_json_lines),
    NPY: _by_python(parse_npy),
}
