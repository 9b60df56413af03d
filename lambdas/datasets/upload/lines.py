"""Which line of the upload a row stands on, for messages and quarantine."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from lambdas.datasets.upload.account import Lines

_CHUNK_BYTES = 1 << 20


def lines_of_bytes(path: Path, positions: Collection[int]) -> Lines:
    """The line of the saved file on which each byte position (counted from 1) stands, in their order."""
    found: dict[int, int] = {}
    line, offset = 1, 0
    with path.open("rb") as file:
        for position in sorted(positions):
            while offset < position - 1:
                chunk = file.read(min(_CHUNK_BYTES, position - 1 - offset))
                line += chunk.count(b"\n")
                offset += len(chunk)
            found[position] = line
    return np.array([found[position] for position in positions], dtype=np.int64)
