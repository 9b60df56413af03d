"""The upload as a file: saved from the stream, hashed, decoded, and its lines accounted for on the way."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from contracts.dataset import DatasetContract
from lambdas.datasets.checks.faults import Fault
from lambdas.datasets.checks.spelled import ODD_BYTES, Odd
from lambdas.datasets.upload.account import Account
from lambdas.datasets.upload.decoding import Decoder
from lambdas.datasets.upload.formats import CSV, content_of, kind_of, within
from lambdas.datasets.upload.header import HEAD_BYTES, fault_of_bytes
from lambdas.datasets.upload.layout import records_of
from lambdas.datasets.upload.scanning import Scanner

_CHUNK_BYTES = 1 << 22
MAX_UPLOAD_BYTES = 5_000_000_000
UPLOAD_SHARE = 0.5  # of the scratch space; Parquet files and what DuckDB spills take the rest


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A saved upload. A text's file holds its header and rows alone, in UTF-8 with LF at each line's end.

    `sha256` and `size_bytes` are of the upload itself. `odd` are those of ODD_BYTES that stand below the
    header.
    """

    path: Path
    kind: str
    size_bytes: int
    sha256: str
    head: bytes
    account: Account
    odd: Odd = ODD_BYTES
    encoding_fault: Fault | None = None


def receive(chunks: Iterable[bytes], key: str, scratch: Path, contract: DatasetContract) -> Arrival:
    """Save the upload, if it leaves room for what is made of it; raises DatasetRejected."""
    room = min(MAX_UPLOAD_BYTES, int(UPLOAD_SHARE * shutil.disk_usage(scratch).free))
    return save(within(content_of(chunks, key), room), scratch / "upload", contract, kind_of(key))


def save(chunks: Iterable[bytes], path: Path, contract: DatasetContract, kind: str = CSV) -> Arrival:
    """One pass over the stream, in memory for a few chunks at most; raises DatasetRejected where the rows of
    a text cannot be told apart."""
    digest, text = hashlib.sha256(), _Text(contract) if kind == CSV else None
    size, head = 0, b""
    # Hashing and writing leave Python's lock alone, so that they run beside the scan of the next chunk.
    with (
        path.open("wb") as file,
        ThreadPoolExecutor(1, "hash") as hashing,
        ThreadPoolExecutor(1, "disk") as disk,
    ):
        hashed = written = None
        for chunk in pieces_of(chunks):
            size += len(chunk)
            if hashed:
                hashed.result()
            hashed = hashing.submit(digest.update, chunk)
            clean = text.feed(chunk) if text else chunk
            head = head if len(head) >= HEAD_BYTES else (head + clean)[:HEAD_BYTES]
            if written:
                written.result()
            written = disk.submit(file.write, clean)
        rest = text.finish() if text else b""
        if written:
            written.result()
        file.write(rest)
    return Arrival(
        path=path,
        kind=kind,
        size_bytes=size,
        sha256=digest.hexdigest(),
        head=(head + rest)[:HEAD_BYTES],
        account=text.scanner.account() if text else Account(lines=0, blank=0),
        odd=frozenset(text.odd) if text else ODD_BYTES,
        encoding_fault=text.decoder.fault if text else None,
    )


def pieces_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are worth looking at: a stream may come in thousands of tiny ones."""
    waiting: list[bytes] = []
    size = 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= _CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)


@dataclass
class _Text:
    """What is done to the bytes of a text on the way. One that is none by its first bytes is kept as it is,
    for the header to be told of."""

    contract: DatasetContract
    decoder: Decoder = field(init=False)
    scanner: Scanner = field(init=False)
    odd: set[bytes] = field(default_factory=set)
    _has_header: bool = False
    _is_text: bool | None = None

    def __post_init__(self) -> None:
        reading = self.contract.reading
        self.decoder = Decoder(reading.encoding, lambda: self.scanner.lines)
        self.scanner = Scanner(
            delimiter=reading.delimiter.encode(),
            records=lambda header: records_of(header, self.contract),
            titles=reading.skip_lines,
        )

    def feed(self, chunk: bytes) -> bytes:
        return self._scanned(self.decoder.feed(chunk))

    def finish(self) -> bytes:
        rest = self._scanned(self.decoder.finish())
        return rest + self.scanner.finish() if self._is_text else rest

    def _scanned(self, text: bytes) -> bytes:
        if self._is_text is None and text:
            self._is_text = fault_of_bytes(text[:HEAD_BYTES]) is None
        if not self._is_text:
            return text
        clean = self.scanner.feed(text)
        self._look(clean)
        return clean

    def _look(self, clean: bytes) -> None:
        """Note the odd bytes of rows. The header's names, in which they are common, are no values; a tab that
        delimits is no part of a value, unless quotes say so."""
        start = 0
        if not self._has_header and clean:
            self._has_header, start = True, clean.index(b"\n") + 1
        for mark in ODD_BYTES - self.odd:
            sought = b'"' if mark == self.contract.reading.delimiter.encode() else mark
            if clean.find(sought, start) >= 0:
                self.odd.add(mark)
