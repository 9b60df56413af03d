"""The uploaded file as rows of text, read as a stream."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator

from contracts.errors import BatchRefusedError

SUFFIXES = (".csv", ".csv.gz")


class Source:
    """Iterates over the rows, the header first; empty lines are none."""

    def __init__(self, key: str, chunks: Iterator[bytes]) -> None:
        """Raises BatchRefusedError for a name of another ending."""
        if not key.lower().endswith(SUFFIXES):
            raise BatchRefusedError(f"{key} does not end in {' or '.join(SUFFIXES)}")
        self._chunks = _Chunks(chunks)
        raw: io.RawIOBase | gzip.GzipFile = self._chunks
        if key.lower().endswith(".gz"):
            raw = gzip.GzipFile(fileobj=io.BufferedReader(self._chunks))
        self._text = io.TextIOWrapper(io.BufferedReader(raw, 1 << 20), "utf-8-sig", newline="")

    @property
    def sha256(self) -> str:
        """Of the bytes that were read, as they were uploaded (hex)."""
        return self._chunks.digest.hexdigest()

    def __iter__(self) -> Iterator[list[str]]:
        """Raises BatchRefusedError where the file can't be read on."""
        reader = csv.reader(self._text, strict=True)
        try:
            for row in reader:
                if row:
                    yield row
        except csv.Error as error:
            raise BatchRefusedError(f"the file is no CSV: {error} (line {reader.line_num})") from error
        except UnicodeDecodeError as error:
            raise BatchRefusedError(
                f"the file is not UTF-8: byte {error.object[error.start]:#04x} behind line {reader.line_num}"
            ) from error
        except (OSError, EOFError, zlib.error) as error:
            raise BatchRefusedError(f"the file can't be unpacked: {error}") from error


class _Chunks(io.RawIOBase):
    """What S3 sends, as a file that is hashed on the way."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._iterator = chunks
        self._left = memoryview(b"")
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a BufferedReader passes one
        while not self._left:
            chunk = next(self._iterator, None)
            if chunk is None:
                return 0
            self.digest.update(chunk)
            self._left = memoryview(chunk)
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
