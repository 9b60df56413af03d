"""Tensors of the Open Inference Protocol, in JSON and in Triton's binary form."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.errors import InvalidRequestError
from inference.formats.shown import shown

BYTES = "BYTES"
_TYPES = {
    "BOOL": "?",
    **{f"INT{bits}": f"<i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": f"<u{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)},
}
_NAMES = {"b": "BOOL", "i": "INT64", "f": "FP64"}
_LARGEST_SIZE = 1 << 40
_MOST_DIMENSIONS = 2
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {BYTES: (str,), "BOOL": (bool,)}


def read_tensor(entry: Mapping[str, Any], rest: memoryview) -> tuple[npt.NDArray[Any], memoryview]:
    """The tensor of one input, and the binary part that is left after it."""
    name, kind, shape = entry["name"], entry.get("datatype"), entry.get("shape")
    if not isinstance(kind, str) or (kind not in _TYPES and kind != BYTES):
        known = ", ".join((BYTES, *_TYPES))
        raise InvalidRequestError(f"datatype {shown(kind)} is not one of {known}", column=name)
    if (
        not isinstance(shape, list)
        or not 0 < len(shape) <= _MOST_DIMENSIONS
        or not all(type(n) is int and 0 <= n < _LARGEST_SIZE for n in shape)
    ):
        reason = f"shape {shown(shape)} is not a list of one or two sizes"
        raise InvalidRequestError(reason, column=name)
    parameters = entry.get("parameters")
    length = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if length is None:
        elements = _from_json(entry.get("data"), kind, name)
    elif type(length) is int and 0 <= length <= len(rest):
        elements, rest = _from_bytes(rest[:length], kind, name), rest[length:]
    else:
        reason = f"binary_data_size {shown(length)} does not fit the {len(rest)} bytes left"
        raise InvalidRequestError(reason, column=name)
    if len(elements) != math.prod(shape):
        reason = f"shape {shape} takes {math.prod(shape)} elements, and {len(elements)} were sent"
        raise InvalidRequestError(reason, column=name)
    return elements.reshape(shape), rest


def datatype_of(tensor: npt.NDArray[Any]) -> str:
    plain = np.array(tensor.tolist()) if tensor.dtype == object else tensor
    return _NAMES.get(plain.dtype.kind, BYTES)


def to_bytes(tensor: npt.NDArray[Any]) -> bytes:
    """Numbers in little-endian order; each text behind its length."""
    kind = datatype_of(tensor)
    if kind != BYTES:
        return np.ascontiguousarray(tensor.tolist(), dtype=_TYPES[kind]).tobytes()
    texts = [str(text).encode() for text in tensor.ravel().tolist()]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _from_json(data: Any, kind: str, name: str) -> npt.NDArray[Any]:
    """Elements (n,) of a flat or nested list; null is missing."""
    if not isinstance(data, list):
        raise InvalidRequestError(f"'data' is {shown(data)}; expected a list", column=name)
    flat = data
    while flat and all(isinstance(part, list) for part in flat):
        flat = [element for part in flat for element in part]
    fits = _fits(kind)
    for position, element in enumerate(flat, start=1):
        if element is not None and not fits(element):
            raise InvalidRequestError(
                f"{shown(element)} is not of datatype {kind}", row=position, column=name
            )
    found = np.empty(len(flat), dtype=object)
    found[:] = flat
    return found if kind in _PYTHON_TYPES else found.astype(np.float64)


def _fits(kind: str) -> Callable[[Any], bool]:
    """Whether a JSON value is one of a datatype; a whole number may be written 1.0, as JSON has one kind."""
    if kind in _PYTHON_TYPES:
        return lambda value: type(value) in _PYTHON_TYPES[kind]
    dtype = np.dtype(_TYPES[kind])
    if dtype.kind == "f":
        most = float(np.finfo(dtype).max)
        return lambda value: type(value) in (int, float) and -most <= value <= most
    least, greatest = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    return lambda value: type(value) in (int, float) and least <= value <= greatest and value == int(value)


def _from_bytes(data: memoryview, kind: str, name: str) -> npt.NDArray[Any]:
    if kind == BYTES:
        return _texts(data, name)
    dtype = np.dtype(_TYPES[kind])
    if len(data) % dtype.itemsize:
        raise InvalidRequestError(f"{len(data)} bytes are no whole number of {kind}", column=name)
    return np.frombuffer(data, dtype)


def _texts(data: memoryview, name: str) -> npt.NDArray[Any]:
    texts: list[bytes] = []
    at = 0
    while at < len(data):
        length = struct.unpack_from("<I", data, at)[0] if at + 4 <= len(data) else len(data)
        if at + 4 + length > len(data):
            raise InvalidRequestError(f"text {len(texts) + 1} is cut short", column=name)
        texts.append(bytes(data[at + 4 : at + 4 + length]))
        at += 4 + length
    found = np.empty(len(texts), dtype=object)
    found[:] = texts
    return found
