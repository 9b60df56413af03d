"""Where the contract's columns stand in a text file: read from its header, as the contract says."""

from __future__ import annotations

import csv
from collections.abc import Callable

from contracts.dataset import Column, DatasetContract
from contracts.spellings import BLANKS
from contracts.values import ValueRefusedError
from lambdas.datasets.checks.faults import DatasetRejected, Fault
from lambdas.datasets.upload.decoding import HINT
from lambdas.datasets.upload.records import Records

INDEX, TRAILING = "greenlight_index", "greenlight_trailing"


def header_names(line: bytes, contract: DatasetContract) -> list[str]:
    """The names of the file's fields in its order; raises DatasetRejected for a line that is no header.

    A field that is no column has a name of ours: that of the rows' index, and the one behind a trailing
    delimiter. Blanks around a name mean nothing.
    """
    reading = contract.reading
    records = Records(reading.delimiter.encode(), 0)
    if not records.is_line(line + b"\n"):
        detail = "a quote is opened in the header and never closed"
        raise DatasetRejected([Fault(rule="header", detail=detail, line=reading.skip_lines + 1)])
    try:
        fields = next(
            csv.reader([line.decode()], delimiter=reading.delimiter, skipinitialspace=_skips(contract)), []
        )
    except UnicodeDecodeError as error:
        detail = f"the header is not UTF-8: byte 0x{line[error.start]:02x} begins no character; {HINT}"
        raise DatasetRejected([Fault(rule="encoding", detail=detail, line=reading.skip_lines + 1)]) from error
    except csv.Error as error:
        detail = (
            f"the header of {len(line):,} bytes names no columns that can be told apart: a name is longer "
            f"than {csv.field_size_limit():,} characters, or holds a carriage return"
        )
        raise DatasetRejected([Fault(rule="header", detail=detail, line=reading.skip_lines + 1)]) from error
    known = {column.name.strip(BLANKS): column.name for column in contract.columns}
    names = [known.get(name.strip(BLANKS), name.strip(BLANKS)) for name in fields]
    if reading.trailing_delimiter:
        names = [*(names[:-1] if names and not names[-1] else names), TRAILING]
    if reading.index_column:
        # R writes no name above its rows' names, and so one field fewer than below.
        unnamed = len(names) - reading.trailing_delimiter == len(contract.columns)
        names = [INDEX, *(names if unnamed else names[1:])]
    return names


def _skips(contract: DatasetContract) -> bool:
    return contract.reading.delimiter not in BLANKS


def column_names(names: list[str]) -> list[str]:
    """Without those that are ours."""
    return [name for name in names if name not in (INDEX, TRAILING)]


def records_of(header: bytes, contract: DatasetContract) -> Records:
    """The reader of single records under this header."""
    names = header_names(header, contract)
    columns = {column.name: column for column in contract.columns}
    texts = [place for place, name in enumerate(names) if name in columns and columns[name].type == "text"]
    checks = [_takes(columns[name]) if name in columns else (lambda text: True) for name in names]

    def is_row(fields: list[bytes]) -> bool:
        return len(fields) == len(checks) and all(
            check(text.decode("utf-8", "replace")) for check, text in zip(checks, fields, strict=True)
        )

    return Records(contract.reading.delimiter.encode(), len(names), texts, is_row)


def _takes(column: Column) -> Callable[[str], bool]:
    """Whether a text could be a value of the column."""

    def takes(text: str) -> bool:
        try:
            found = column.grammar.read(text)
        except ValueRefusedError:
            return False
        return found is None or not column.allowed or found in column.allowed

    return takes
