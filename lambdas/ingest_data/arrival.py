"""The upload as a file: saved from the stream, hashed, and looked at byte by byte on the way."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lambdas.ingest_data.faults import Fault
from lambdas.ingest_data.header import HEAD_BYTES


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """`counts_lines_simply` holds where row n is surely the file's line n + 1: no quotes, no blank lines."""

    path: Path
    size_bytes: int
    sha256: str
    head: bytes
    encoding_fault: Fault | None
    counts_lines_simply: bool


def save(chunks: Iterable[bytes], path: Path) -> Arrival:
    """One pass over the stream, in memory for two chunks at most."""
    digest, utf8, lines = hashlib.sha256(), _Utf8Check(), _LineCheck()
    head, size = b"", 0
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            utf8.feed(chunk)
            lines.feed(chunk)
            size += len(chunk)
            if len(head) < HEAD_BYTES:
                head = (head + chunk)[:HEAD_BYTES]
    utf8.feed(b"", final=True)
    return Arrival(
        path=path,
        size_bytes=size,
        sha256=digest.hexdigest(),
        head=head,
        encoding_fault=utf8.fault,
        counts_lines_simply=lines.simple,
    )


class _Utf8Check:
    """Remembers the line of the first byte that is not UTF-8."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._line = 1

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        if self.fault:
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            # The decoder may hold up to three bytes of the chunk before: its positions count from those.
            line = self._line + error.object.count(b"\n", 0, error.start)
            byte = error.object[error.start]
            detail = f"the file is not UTF-8: byte 0x{byte:02x} begins no character; save it as UTF-8"
            self.fault = Fault(rule="encoding", detail=detail, line=line)
        self._line += chunk.count(b"\n")


class _LineCheck:
    """Whether quotes, or blank lines before the end, could set the file's lines apart from its rows."""

    def __init__(self) -> None:
        self.simple = True
        self._tail = b""

    def feed(self, chunk: bytes) -> None:
        if not self.simple:
            return
        seen = self._tail + chunk
        if b'"' in chunk or b"\n\n" in seen or b"\n\r\n" in seen:
            self.simple = False
        self._tail = seen[-2:]
