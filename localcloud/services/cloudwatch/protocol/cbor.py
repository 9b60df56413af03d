"""The part of CBOR (RFC 8949) that smithy-rpc-v2-cbor uses: what AWS SDKs send to CloudWatch and read."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_INDEFINITE = 31
_BREAK = 0xFF
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
_MAX_DEPTH = 100


class CborError(ValueError):
    """Bytes that are not CBOR, or use what AWS's protocol does not."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Epoch seconds, written with tag 1."""

    seconds: float


def dumps(value: Any) -> bytes:
    """The CBOR of None, bool, int, float, str, bytes, Timestamp, lists and dicts of these."""
    out = bytearray()
    _write(value, out)
    return bytes(out)


def loads(data: bytes) -> Any:
    """The value in `data`; a timestamp becomes its epoch seconds."""
    reader = _Reader(data)
    value = reader.item(0)
    if reader.at != len(data):
        raise CborError(f"{len(data) - reader.at} bytes follow the value")
    return value


def _write(value: Any, out: bytearray) -> None:
    match value:
        case None:
            out.append(0xF6)
        case bool():
            out.append(0xF5 if value else 0xF4)
        case int():
            _head(0 if value >= 0 else 1, value if value >= 0 else -1 - value, out)
        case float():
            out += b"\xfb" + struct.pack(">d", value)
        case str():
            _head(3, len(encoded := value.encode()), out)
            out += encoded
        case bytes():
            _head(2, len(value), out)
            out += value
        case Timestamp(seconds):
            _head(6, 1, out)
            _write(float(seconds), out)
        case list() | tuple():
            _head(4, len(value), out)
            for item in value:
                _write(item, out)
        case dict():
            _head(5, len(value), out)
            for key, item in value.items():
                _write(key, out)
                _write(item, out)
        case _:
            raise CborError(f"{type(value).__name__} cannot be written as CBOR")


def _head(major: int, number: int, out: bytearray) -> None:
    """The major type and its number: a length, or an integer itself."""
    if number < 24:
        out.append(major << 5 | number)
        return
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * size):
            out.append(major << 5 | info)
            out += number.to_bytes(size, "big")
            return
    raise CborError(f"{number} does not fit into 64 bits")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def item(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise CborError("the value is nested too deeply")
        first = self._take(1)[0]
        major, info = first >> 5, first & 0x1F
        if major == 7:
            return self._simple(info)
        if info == _INDEFINITE and major in (2, 3, 4, 5):
            return self._indefinite(major, depth)
        number = self._number(info)
        read: dict[int, Callable[[], Any]] = {
            0: lambda: number,
            1: lambda: -1 - number,
            2: lambda: self._take(number),
            3: lambda: self._text(self._take(number)),
            4: lambda: [self.item(depth + 1) for _ in range(number)],
            5: lambda: {self._key(depth): self.item(depth + 1) for _ in range(number)},
            6: lambda: self.item(depth + 1),
        }
        return read[major]()

    def _indefinite(self, major: int, depth: int) -> Any:
        items = []
        while self._peek() != _BREAK:
            items.append(self._key(depth) if major == 5 else self.item(depth + 1))
            if major == 5:
                items.append(self.item(depth + 1))
        self._take(1)
        if major == 5:
            return dict(zip(items[::2], items[1::2], strict=True))
        if major == 4:
            return items
        return ("" if major == 3 else b"").join(items)

    def _key(self, depth: int) -> Any:
        key = self.item(depth + 1)
        if not isinstance(key, str):
            raise CborError(f"the keys of a map are texts, not {key!r}")
        return key

    def _number(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise CborError(f"{info} is no length")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _simple(self, info: int) -> Any:
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info in _FLOATS:
            layout, size = _FLOATS[info]
            return struct.unpack(layout, self._take(size))[0]
        raise CborError(f"the simple value {info} is unknown")

    def _text(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise CborError("a text is not UTF-8") from None

    def _peek(self) -> int:
        if self.at >= len(self._data):
            raise CborError("the value ends too early")
        return self._data[self.at]

    def _take(self, size: int) -> bytes:
        if self.at + size > len(self._data):
            raise CborError("the value ends too early")
        taken = self._data[self.at : self.at + size]
        self.at += size
        return taken
