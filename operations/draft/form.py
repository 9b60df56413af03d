"""How a text holds its table: delimiter, lines above the header, and names that its header leaves out."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb

from operations.draft.errors import DraftError

_HEAD_CHARACTERS = 1 << 20
_SAMPLE_RECORDS = 200
_WIDE = 4
_FITTING_SHARE = 0.95
_BLANKS_NOTE = "write the file anew: in Python pandas.read_csv(FILE, sep=r'\\s+').to_csv(FILE, index=False)"
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, kw_only=True)
class Form:
    """The shape of a delimited text.

    `skip_lines` stand above the header. `unnamed` is "first" where the rows have a field before those that
    the header names (R's row names), "last" where they have one behind them (a comma at each line's end).
    """

    delimiter: str
    skip_lines: int
    header: tuple[str, ...]
    unnamed: str = ""


def form_of(text: Path, shown: Path) -> Form:
    """The form of a UTF-8 text, by DuckDB's sniffer; raises DraftError that names `shown` and line."""
    with text.open(encoding="utf-8-sig", newline="") as stream:
        head = stream.read(_HEAD_CHARACTERS)
    delimiter = _delimiter(text, head, shown)
    records = _records(head, delimiter, shown)
    if _told_delimiter(head):
        records = records[1:]  # its line may have as many fields as a header
    skip, header = _header(records, shown)
    _check_quotes(header, skip, shown)
    rows = [fields for before, fields in records if before > skip]
    if not rows:
        raise DraftError(f"{shown}: has a header and no rows")
    return Form(delimiter=delimiter, skip_lines=skip, header=tuple(header), unnamed=_unnamed(header, rows))


def _delimiter(text: Path, head: str, shown: Path) -> str:
    first = head.splitlines()[0] if head else ""
    if told := _told_delimiter(head):
        return told
    options = ", ".join(f"'{delimiter}'" for delimiter in DELIMITERS)
    quoted = str(text).replace("'", "''")
    try:
        with duckdb.connect() as engine:
            ((found,),) = engine.execute(
                f"SELECT Delimiter FROM sniff_csv('{quoted}', all_varchar = true, "  # noqa: S608
                "ignore_errors = true, null_padding = true)"
            ).fetchall()
    except duckdb.Error:
        found = ""
    if found not in DELIMITERS:
        found = max(DELIMITERS, key=first.count)
    found = _consistent(head, found) or found
    if found in head:
        return str(found)
    if _is_by_blanks(head):
        return " "
    blanks = f"; if they are parted by blanks, {_BLANKS_NOTE}" if len(first.split()) > 1 else ""
    raise DraftError(
        f"{shown}: has one column, {first[:60]!r}; none of {options} separates columns in it{blanks}"
    )


def _consistent(head: str, sniffed: str) -> str:
    """The delimiter by which the first line, the header, has as many fields as nearly every row, where the
    sniffed one gives it fewer or more: of `age;spend` and rows such as `46,7;136,48` it is the semicolon,
    though each row has two commas. Empty where none has."""
    fitting = {delimiter for delimiter in DELIMITERS if _fits(head, delimiter)}
    return "" if sniffed in fitting or len(fitting) != 1 else fitting.pop()


def _fits(head: str, delimiter: str) -> bool:
    try:
        widths = [
            len(fields)
            for fields in islice(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), 200)
        ]
    except csv.Error:
        return False
    rows = [width for width in widths[1:] if width]
    if not rows or widths[0] < 2:
        return False
    return sum(width == widths[0] for width in rows) >= _FITTING_SHARE * len(rows)


def _told_delimiter(head: str) -> str:
    """That of a first line such as sep=; which spreadsheets write."""
    first = head.splitlines()[0] if head else ""
    return first[-1] if first.lower().startswith("sep=") and len(first) == len("sep=") + 1 else ""


def _check_quotes(header: list[str], skip: int, shown: Path) -> None:
    """Raises DraftError where names stand in quotes that are none of CSV."""
    quoted = [name for name in map(str.strip, header) if len(name) > 1 and name[0] == name[-1] == "'"]
    if quoted and len(quoted) == len([name for name in header if name.strip()]):
        raise DraftError(
            f"{shown}: line {skip + 1} quotes names with apostrophes, such as {quoted[0]}; only double "
            "quotes hold a field together. Write the file anew: in Python "
            'pandas.read_csv(FILE, quotechar="\'").to_csv(FILE, index=False)'
        )


def _is_by_blanks(head: str) -> bool:
    """Whether each line has as many single blanks as the first one."""
    lines = [line for line in head.splitlines()[:_SAMPLE_RECORDS] if line.strip()]
    counts = {line.count(" ") for line in lines}
    return len(lines) > 2 and len(counts) == 1 and counts != {0} and "  " not in head[: 1 << 14]


def _records(head: str, delimiter: str, shown: Path) -> list[tuple[int, list[str]]]:
    """The first records that are not blank, each with the number of lines before it."""
    found: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    before = 0
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                found.append((before, fields))
            before = reader.line_num
            if len(found) > _SAMPLE_RECORDS:
                break
    except csv.Error as error:
        raise DraftError(f"{shown}: line {reader.line_num} is not readable as CSV: {error}") from error
    if len(head) >= _HEAD_CHARACTERS and len(found) > 1:
        found.pop()  # it may be cut off
    return found


def _header(records: list[tuple[int, list[str]]], shown: Path) -> tuple[int, list[str]]:
    """The lines to skip, and the first record that is as wide as the rows are."""
    widths = Counter(len(fields) for _, fields in records[1:] or records)
    width = max(widths, key=lambda width: (widths[width], width))
    for index, (before, fields) in enumerate(records):
        rows = [row for _, row in records[index + 1 :] if len(row) == len(fields)]
        if len(fields) in (width, width - 1) and _names_columns(fields, rows):
            return before, fields
    raise DraftError(f"{shown}: no line of it names its columns; its rows have {width} fields")


def _names_columns(fields: list[str], rows: list[list[str]]) -> bool:
    """Whether every column has a name but the first, which may be an index, and those without a value. One
    more may have been forgotten; a title above the header leaves out several."""
    blank = [index for index, field in enumerate(fields) if not field.strip()]
    nameless = [index for index in blank if index > 0 and any(row[index].strip() for row in rows)]
    return len(blank) < len(fields) and len(nameless) <= (len(fields) >= _WIDE)


def _unnamed(header: list[str], rows: list[list[str]]) -> str:
    wider = [fields for fields in rows if len(fields) == len(header) + 1]
    if len(wider) <= len(rows) // 2:
        return ""
    return "last" if all(not fields[-1].strip() for fields in wider) else "first"
