"""The upload as a file: saved from the stream, hashed, and its bytes checked on the way."""

from __future__ import annotations

import codecs
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lambdas.ingest_data.faults import Fault
from lambdas.ingest_data.formats import CSV, content_of, kind_of, within
from lambdas.ingest_data.header import HEAD_BYTES

_CHUNK_BYTES = 1 << 22
MAX_UPLOAD_BYTES = 5_000_000_000
UPLOAD_SHARE = 0.5  # of the scratch space; Parquet files and what DuckDB spills take the rest


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A saved upload. `bad_byte_at` is the place of a CSV's first byte that is not UTF-8, or None."""

    path: Path
    kind: str
    size_bytes: int
    sha256: str
    head: bytes
    bad_byte_at: int | None

    @property
    def encoding_fault(self) -> Fault | None:
        if self.bad_byte_at is None:
            return None
        line, byte = _line_and_byte(self.path, self.bad_byte_at)
        detail = f"the file is not UTF-8: byte 0x{byte:02x} begins no character; save it as UTF-8"
        return Fault(rule="encoding", detail=detail, line=line)

    def counts_lines_simply(self) -> bool:
        """Whether row n is surely line n + 1 of the file: no quotes, and no blank line before another."""
        tail = b"\n"
        for chunk in chunks_of(self.path):
            if b'"' in chunk or any(b"\n" + end in tail + chunk for end in (b"\n", b"\r\n")):
                return False
            tail = chunk[-2:]
        return True


def receive(chunks: Iterable[bytes], key: str, scratch: Path) -> Arrival:
    """Save the upload, if it leaves room for what is made of it; raises DatasetRejected."""
    room = min(MAX_UPLOAD_BYTES, int(UPLOAD_SHARE * shutil.disk_usage(scratch).free))
    return save(within(content_of(chunks, key), room), scratch / "upload", kind_of(key))


def save(chunks: Iterable[bytes], path: Path, kind: str = CSV) -> Arrival:
    """One pass over the stream, in memory for two chunks at most."""
    digest, utf8 = hashlib.sha256(), _Utf8Check()
    head, size = b"", 0
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            if kind == CSV:
                utf8.feed(chunk)
            size += len(chunk)
            if len(head) < HEAD_BYTES:
                head = (head + chunk)[:HEAD_BYTES]
    utf8.feed(b"", final=True)
    return Arrival(
        path=path,
        kind=kind,
        size_bytes=size,
        sha256=digest.hexdigest(),
        head=head,
        bad_byte_at=utf8.bad_byte_at,
    )


def chunks_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


class _Utf8Check:
    """Remembers the place of the first byte that is not UTF-8."""

    def __init__(self) -> None:
        self.bad_byte_at: int | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._seen = 0

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        if self.bad_byte_at is not None:
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            # The decoder may have kept up to three bytes of the chunk before: its object begins with those.
            self.bad_byte_at = self._seen + len(chunk) - len(error.object) + error.start
        self._seen += len(chunk)


def _line_and_byte(path: Path, position: int) -> tuple[int, int]:
    with path.open("rb") as file:
        lines = sum(file.read(min(_CHUNK_BYTES, left)).count(b"\n") for left in _pieces(position))
        return lines + 1, file.read(1)[0]


def _pieces(total: int) -> Iterator[int]:
    while total > 0:
        yield total
        total -= _CHUNK_BYTES
