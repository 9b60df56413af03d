"""From the bytes of a declared encoding to UTF-8, chunk by chunk; the first byte that is none is told."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from lambdas.datasets.checks.faults import Fault

_BOM = "\ufeff".encode()
HINT = 'save it as UTF-8, or say what it is in [dataset.reading], as encoding = "cp1252"'


class Decoder:
    """`fault` names the line of the first byte that begins no character; what follows is given as it came.

    `lines` tells how many lines have come so far.
    """

    def __init__(self, encoding: str, lines: Callable[[], int]) -> None:
        self.fault: Fault | None = None
        self._lines = lines
        self._is_utf8 = encoding in ("utf-8", "utf-8-sig", "ascii")
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder("utf-8" if self._is_utf8 else encoding)()
        self._is_whole = True  # no character is cut at the last chunk's end
        self._started = False

    def feed(self, chunk: bytes) -> bytes:
        return self._take(chunk, last=False)

    def finish(self) -> bytes:
        return self._take(b"", last=True)

    def _take(self, chunk: bytes, *, last: bool) -> bytes:
        if self.fault or (self._started and self._is_utf8 and self._is_whole and chunk.isascii()):
            return chunk
        try:
            decoded = self._decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            return self._broken(chunk, error)
        self._is_whole = not self._decoder.getstate()[0]
        text = chunk if self._is_utf8 else decoded.encode()
        if not self._started and text:
            self._started = True
            text = text.removeprefix(_BOM)
        return text

    def _broken(self, chunk: bytes, error: UnicodeDecodeError) -> bytes:
        """The decoder may have kept some bytes of the chunk before: its object begins with those."""
        before = error.object[: error.start].decode(self._encoding, "replace")
        line = self._lines() + before.count("\n") + 1
        byte = error.object[error.start]
        detail = f"the file is not {self._encoding.upper()}: byte 0x{byte:02x} begins no character; {HINT}"
        self.fault = Fault(rule="encoding", detail=detail, line=line)
        return chunk if self._started else chunk.removeprefix(_BOM)
