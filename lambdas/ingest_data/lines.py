"""Which line of the file a row stands on, for messages and quarantine."""

from __future__ import annotations

import csv
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

_CHUNK_BYTES = 1 << 20


def lines_of_rows(path: Path, rows: Collection[int], malformed_lines: Collection[int]) -> dict[int, int]:
    """The first line of each of the rows, both counted from 1, by reading the file up to the last of them."""
    wanted = set(rows)
    found: dict[int, int] = {}
    for row, line in enumerate(lines_of_all_rows(path, malformed_lines), start=1):
        if len(found) == len(wanted):
            break
        if row in wanted:
            found[row] = line
    return found


def lines_of_all_rows(path: Path, malformed_lines: Collection[int]) -> Iterator[int]:
    """The first line of each row in turn.

    Only needed where quotes, blank lines or malformed rows set the two apart. `malformed_lines` are lines
    that the reader of the rows passed over.
    """
    passed_over = set(malformed_lines)
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file)
        next(reader, None)
        line = reader.line_num
        for record in reader:
            start, line = line + 1, reader.line_num
            if record and start not in passed_over:
                yield start


def lines_of_bytes(path: Path, positions: Collection[int]) -> dict[int, int]:
    """The line on which each byte position (counted from 1) stands; blank lines in front are passed over."""
    found: dict[int, int] = {}
    line, offset = 1, 0
    with path.open("rb") as file:
        for position in sorted(positions):
            while offset < position - 1:
                chunk = file.read(min(_CHUNK_BYTES, position - 1 - offset))
                line += chunk.count(b"\n")
                offset += len(chunk)
            blank = 0
            while (byte := file.read(1)) in (b"\n", b"\r"):
                blank += byte == b"\n"
            found[position] = line + blank
            file.seek(offset)
    return found
