"""The files that the rehearsal uploads: first a share of the rows, then all of them."""

from __future__ import annotations

import csv
import hashlib
import io
import tomllib
from dataclasses import dataclass
from pathlib import Path

from localcloud import sample_data

# The first upload holds this share of the rows, so that all of them teach a better model ...
FIRST_SHARE = 0.3
# ... and where there are fewer rows than this, all of them, with this share of the answers mixed up.
FEW_ROWS = 5_000
MIXED_UP_SHARE = 0.4


class DataFileError(Exception):
    """The file named by DATA cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """The data of one rehearsal, where it came from, and what it looked like before it improved."""

    name: str
    content: bytes
    poorer_content: bytes
    is_synthetic: bool


def read_source(path: str | None) -> Source:
    """The file at `path`, or generated data without one; raises DataFileError."""
    if not path:
        content, name = sample_data.generate(), "synthetic-housing"
    else:
        file = Path(path).expanduser()
        if not file.is_file():
            raise DataFileError(f"DATA={path}: there is no such file; name a CSV, or leave DATA out")
        content, name = file.read_bytes(), file.stem
    return Source(name, content, poorer(content, _target()), not path)


def _target() -> str:
    """The target that pipeline.toml names; empty where synthesis will refuse the file anyway."""
    try:
        document = tomllib.loads(Path("pipeline.toml").read_text(encoding="utf-8"))
        return str(document["dataset"]["target"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


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


def poorer(content: bytes, target: str) -> bytes:
    """The same data as it was before it improved: fewer rows or, where there are few, mixed-up answers.

    It is the same each time. What cannot be read comes back as it is: the pipeline's verdict on it is the
    one to see.
    """
    try:
        header, *rows = records(content)
        column = header.index(target)
    except (DataFileError, ValueError):
        return content
    if len(rows) >= FEW_ROWS:
        rows = [row for row in rows if _hash_share(row) < FIRST_SHARE]
    else:
        _mix_up(rows, column)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


def _mix_up(rows: list[list[str]], column: int) -> None:
    """Hand the answers of a share of the rows around among them."""
    chosen = [row for row in rows if len(row) > column and _hash_share(row) < MIXED_UP_SHARE]
    answers = [row[column] for row in chosen]
    for row, answer in zip(chosen, answers[1:] + answers[:1], strict=True):
        row[column] = answer


def _hash_share(row: list[str]) -> float:
    digest = hashlib.sha256("\x1f".join(row).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
