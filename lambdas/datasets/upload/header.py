"""The first look at an upload: is it a CSV at all, and are its columns the contract's? Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from contracts.dataset import DatasetContract
from contracts.file_reading import DELIMITERS
from lambdas.datasets.checks.faults import DatasetRejected, Fault, listed, shown
from lambdas.datasets.upload.layout import column_names, header_names

HEAD_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_ZERO_SHARE = 0.05  # above it the file is none of rows; below it zero bytes cost their lines
_SIGNATURES = {
    b"PK\x03\x04": "a zip archive or spreadsheet (.xlsx)",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (.xls)",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xff\xfe": 'UTF-16 text; save it as UTF-8, or write encoding = "utf-16" into [dataset.reading]',
    b"\xfe\xff": 'UTF-16 text; save it as UTF-8, or write encoding = "utf-16" into [dataset.reading]',
}


def faults_of_head(head: bytes, contract: DatasetContract) -> list[Fault]:
    """What the first bytes (up to HEAD_BYTES) give away; no faults means the header is the contract's."""
    fault = fault_of_bytes(head)
    if fault:
        return [fault]
    try:
        names = header_names(head.split(b"\n", 1)[0], contract)
    except DatasetRejected as rejected:
        return list(rejected.faults)
    return faults_of_names(column_names(names), contract)


def fault_of_bytes(head: bytes) -> Fault | None:
    """Whether these are the first bytes of anything but a text of rows."""
    if not head.removeprefix(_BOM).strip():
        return Fault(rule="empty", detail="the file is empty" if not head else "the file holds only blanks")
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            return Fault(rule="format", detail=f"the file is no CSV: it starts like {kind}")
    first, zeros = re.split(rb"[\r\n]", head, maxsplit=1)[0], head.count(b"\x00")
    if b"\x00" in first or zeros > _ZERO_SHARE * len(head):
        return Fault(rule="format", detail="the file is no CSV: it holds zero bytes")
    start = head.removeprefix(_BOM).lstrip()[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return Fault(rule="format", detail="the file is no CSV: it starts like an HTML or XML document")
    if start.startswith((b"{", b"[{")):
        return Fault(rule="format", detail="the file is no CSV: it starts like JSON")
    return None


def faults_of_names(names: Sequence[str], contract: DatasetContract) -> list[Fault]:
    """How the columns differ from the contract's, all at once."""
    wanted = [column.name for column in contract.columns]
    declared = contract.reading.delimiter
    delimiter = _other_delimiter(names, wanted, declared)
    if delimiter:
        detail = (
            f"columns are separated by {DELIMITERS[delimiter]}, and not by {DELIMITERS[declared]}; save the "
            f"file with those, or write delimiter = {_toml(delimiter)} into [dataset.reading]"
        )
        return [Fault(rule="delimiter", detail=detail, line=1)]
    faults = [
        Fault(rule="duplicate column", detail=f"the header names it {times} times", column=name, line=1)
        for name, times in Counter(names).items()
        if times > 1
    ]
    missing = [name for name in wanted if name not in names]
    extra = [name for name in dict.fromkeys(names) if name not in wanted]
    if len(missing) == len(wanted):
        detail = f"the first line names none of the contract's columns; it is {listed(names)}"
        return [*faults, Fault(rule="header", detail=detail, line=1)]
    faults += [_missing(name, extra) for name in missing]
    if extra:
        detail = f"not in the contract: {listed(extra)}"
        faults.append(Fault(rule="extra column", detail=detail, column=extra[0], line=1))
    return faults


def _missing(name: str, extra: Sequence[str]) -> Fault:
    near = next((e for e in extra if _bare(e) == _bare(name)), None)
    hint = f"; did you mean {shown(near)}, which is only spelt differently?" if near is not None else ""
    return Fault(rule="missing column", detail=f"the contract demands it{hint}", column=name, line=1)


def _bare(name: str) -> str:
    """What is left of a name without case, blanks and joining marks."""
    return "".join(filter(str.isalnum, name)).lower()


def _other_delimiter(names: Sequence[str], wanted: Sequence[str], declared: str) -> str | None:
    """The delimiter under which the header would name the contract's columns, if it is not the declared."""
    if len(wanted) == 1 or len(names) >= len(wanted):
        return None
    line = declared.join(names)
    for delimiter in DELIMITERS:
        found = [part.strip().strip('"') for part in line.split(delimiter)]
        if delimiter != declared and len(found) > 1 and set(found) & set(wanted):
            return delimiter
    return None


def _toml(delimiter: str) -> str:
    return '"\\t"' if delimiter == "\t" else f'"{delimiter}"'
