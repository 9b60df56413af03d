"""An input object as the requests that it becomes: one line each, or as many as a payload holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


class PayloadError(ValueError):
    """A record is larger than a payload may be."""


def of_lines(path: Path, *, limit_bytes: int, single: bool) -> Iterator[list[bytes]]:
    """Lists of lines without their line breaks; a list with its breaks holds at most `limit_bytes`."""
    gathered: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            record = line.removesuffix(b"\n")
            if len(record) > limit_bytes:
                raise PayloadError(
                    f"Record {number} has {len(record):,} bytes, more than MaxPayloadInMB "
                    f"({limit_bytes:,} bytes)"
                )
            if gathered and (single or size + len(record) + 1 > limit_bytes):
                yield gathered
                gathered, size = [], 0
            gathered.append(record)
            size += len(record) + 1
    if gathered:
        yield gathered


def of_whole(path: Path, *, limit_bytes: int) -> Iterator[list[bytes]]:
    """The object as one record."""
    size = path.stat().st_size
    if size > limit_bytes:
        raise PayloadError(f"The object has {size:,} bytes, more than MaxPayloadInMB ({limit_bytes:,} bytes)")
    yield [path.read_bytes()]
