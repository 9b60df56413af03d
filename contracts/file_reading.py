"""`[dataset.reading]`: how an uploaded file is written, where that is not plain CSV in UTF-8."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from contracts import spellings
from contracts.reading import Table

DELIMITERS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
    ":": "colons",
    " ": "blanks",
}
DECIMALS = (".", ",")
_OFFSET = re.compile(r"[+-](0[0-9]|1[0-4]):[0-5][0-9]")


@dataclass(frozen=True, kw_only=True)
class FileReading:
    """What a text file looks like; Parquet heeds `missing`, `decimal` and `thousands` of its texts alone.

    `skip_lines` are titles above the header. With `index_column` the first field of each row is its number or
    name and no column, whether the header names it (pandas) or leaves it out (R). With
    `trailing_delimiter` each line ends in one more delimiter.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""
    missing: tuple[str, ...] = ()
    skip_lines: int = 0
    index_column: bool = False
    trailing_delimiter: bool = False

    @classmethod
    def read(cls, table: Table) -> FileReading:
        reading = cls(
            delimiter=table.mark("delimiter", tuple(DELIMITERS), ","),
            encoding=_encoding(table),
            decimal=table.mark("decimal", DECIMALS, "."),
            thousands=table.mark("thousands", ("", *spellings.THOUSANDS), ""),
            missing=markers(table),
            skip_lines=table.integer("skip_lines", 0, 1_000, 0),
            index_column=table.flag("index_column", False),
            trailing_delimiter=table.flag("trailing_delimiter", False),
        )
        table.finish()
        if reading.decimal == reading.thousands:
            raise table.fail("thousands", f"{reading.thousands!r} is the decimal mark already")
        return reading


def markers(table: Table) -> tuple[str, ...]:
    """The spellings of a missing value, without blanks at their ends, which mean nothing in a file either."""
    found = tuple(text.strip(spellings.BLANKS) for text in table.texts("missing", ()))
    if "" in found:
        raise table.fail("missing", "the empty text is missing anyway; leave it out")
    return found


def utc_offset(table: Table) -> str:
    """Of timestamps without a zone, such as +01:00."""
    offset = table.text("utc_offset", "+00:00")
    if not _OFFSET.fullmatch(offset):
        raise table.fail("utc_offset", f"{offset!r} is no offset such as +01:00, at most 14 hours")
    return offset


def unit(table: Table) -> str:
    """What may stand before or behind a number, such as $, % or kg."""
    found = table.text("unit").strip() if table.has("unit") else ""
    if re.search(r"[0-9+\-.,'_\s]", found) or found in ("e", "E"):
        raise table.fail("unit", f"{found!r} could be a part of a number")
    return found


def _encoding(table: Table) -> str:
    name = table.text("encoding", "utf-8")
    try:
        found = codecs.lookup(name)
        "".encode(name)  # bytes to bytes, as zlib, is no encoding of text
    except LookupError as error:
        raise table.fail("encoding", f"{name!r} is no encoding of text, such as utf-8 or cp1252") from error
    return found.name
