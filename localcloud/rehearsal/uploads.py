"""The files that the rehearsal uploads: first a share of the rows, then all of them."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from localcloud.rehearsal import sample_data


class DataFileError(Exception):
    """The file named by DATA cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """The data of one rehearsal and where it came from."""

    name: str
    content: bytes
    is_synthetic: bool


def read_source(path: str | None) -> Source:
    """The file at `path`, or generated data without one; raises DataFileError."""
    if not path:
        return Source("synthetic-housing", sample_data.generate(), True)
    file = Path(path).expanduser()
    if not file.is_file():
        raise DataFileError(f"DATA={path}: there is no such file; name a CSV, or leave DATA out")
    return Source(file.stem, file.read_bytes(), False)


def records(content: bytes) -> list[list[str]]:
    """Header and rows as the CSV dialect of the file has them; raises DataFileError if it is not text."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataFileError(f"not UTF-8 text: {error}") from error
    try:
        return [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except csv.Error as error:
        raise DataFileError(f"not readable as CSV: {error}") from error


def share_of_rows(content: bytes, share: float) -> bytes:
    """The header and about `share` (0-1) of the rows, the same ones each time: those whose hash is low."""
    try:
        header, *rows = records(content)
    except (DataFileError, ValueError):
        return content  # whatever it is, the pipeline's own verdict on it is the one to see
    kept = [row for row in rows if _hash_share(row) < share]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *kept])
    return text.getvalue().encode()


def _hash_share(row: list[str]) -> float:
    digest = hashlib.sha256("\x1f".join(row).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
