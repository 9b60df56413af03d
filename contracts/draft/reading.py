"""Reads a CSV once, row by row, into the looks of its columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from contracts.draft.columns import ColumnLook


class DraftError(ValueError):
    """No configuration can be drafted from this file; the message says why and what to do."""


def look_at(path: Path) -> list[ColumnLook]:
    """The columns of the file in its order; raises DraftError that names file, line and reason."""
    if not path.is_file():
        raise DraftError(f"{path}: there is no such file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _look(path, file)
    except UnicodeDecodeError as error:
        raise DraftError(f"{path}: is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except csv.Error as error:
        raise DraftError(f"{path}: is not readable as CSV: {error}") from error


def _look(path: Path, file: Iterable[str]) -> list[ColumnLook]:
    rows = csv.reader(file, strict=True)
    header = next((row for row in rows if row), None)
    if header is None:
        raise DraftError(f"{path}: is empty")
    if len(header) < 2:
        raise DraftError(f"{path}: has one column, {header[0]!r}; are its columns separated by commas?")
    alike = [name.casefold() for name in header]
    doubled = sorted(
        {name for name, bare in zip(header, alike, strict=True) if alike.count(bare) > 1 or not name.strip()}
    )
    if doubled:
        names = ", ".join(map(repr, doubled))
        raise DraftError(f"{path}: the header names {names} twice (in whatever case), or not at all")
    looks = [ColumnLook(name) for name in header]
    for row in rows:
        if not row:
            continue
        if len(row) != len(looks):
            raise DraftError(f"{path}: line {rows.line_num} has {len(row)} values, the header {len(looks)}")
        for look, value in zip(looks, row, strict=True):
            look.see(value)
    if looks[0].rows == 0:
        raise DraftError(f"{path}: has a header and no rows")
    return looks
