"""Whether the bytes of an ONNX graph may be handed to a runtime, looked at before any library parses them.

Tensors must lie in the bytes themselves, not in files beside them, and every operator must be one of the ONNX
standard: a runtime's own operators may do more than arithmetic. Only the fields that matter are followed, by
their numbers in onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) and protobuf's wire
format (https://protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

from collections.abc import Iterator

from inference.errors import ArtefactError

MOST_BYTES = 256 << 20
STANDARD_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
_DEEPEST = 32
_EXTERNAL = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# The messages within each message, by field number.
_WITHIN: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 9: "opset", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
    "opset": {},
}
_DOMAIN = {"node": 7, "opset": 1}
_DATA_LOCATION, _EXTERNAL_DATA = 14, 13


def check(data: bytes) -> None:
    """Raises ArtefactError naming what is wrong with the bytes of a ModelProto."""
    if not 0 < len(data) <= MOST_BYTES:
        raise ArtefactError(f"the ONNX graph has {len(data)} bytes; 1 to {MOST_BYTES} are read")
    _check(memoryview(data), "model", 0)


def _check(data: memoryview, kind: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise ArtefactError(f"the ONNX graph is nested more than {_DEEPEST} deep")
    for field, value in _fields(data):
        if kind == "tensor" and (field == _EXTERNAL_DATA or (field, value) == (_DATA_LOCATION, _EXTERNAL)):
            raise ArtefactError("the ONNX graph keeps a tensor in another file; save it within the graph")
        if field == _DOMAIN.get(kind):
            _check_domain(value)
        if (inner := _WITHIN[kind].get(field)) is not None:
            if not isinstance(value, memoryview):
                raise ArtefactError(f"the ONNX graph has a {kind} whose field {field} is no message")
            _check(value, inner, depth + 1)


def _check_domain(value: int | memoryview) -> None:
    name = bytes(value).decode("utf-8", "replace") if isinstance(value, memoryview) else str(value)
    if name not in STANDARD_DOMAINS:
        raise ArtefactError(
            f"the ONNX graph uses operators of {name[:60]!r}; only those of the ONNX standard are served"
        )


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, whole number or bytes) of a message, in order."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        field, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, place = _varint(data, place)
            yield field, value
            continue
        if wire == _BYTES:
            size, place = _varint(data, place)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ArtefactError("these are not the bytes of an ONNX graph")
        if size > len(data) - place:
            raise ArtefactError("the ONNX graph ends within a field")
        yield field, data[place : place + size]
        place += size


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise ArtefactError("the ONNX graph ends within a number")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ArtefactError("these are not the bytes of an ONNX graph")
