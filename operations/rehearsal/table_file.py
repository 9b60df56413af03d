"""A table's file as its contract reads it: rows of texts, and files of some of its rows in the same form."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.dataset import PLAIN
from contracts.file_reading import FileReading
from contracts.spellings import BLANKS
from operations.draft.opening import GZIP, PARQUET


class DataFileError(Exception):
    """The file named by DATA cannot be used; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """`names` are the columns, `rows` their texts; `select` writes a file of some rows."""

    names: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    _above: str = ""
    _records: Sequence[Sequence[str]] = ()
    _reading: FileReading = PLAIN
    _is_packed: bool = False
    _parquet: pa.Table | None = None

    @classmethod
    def read(cls, content: bytes, reading: FileReading) -> TableFile:
        """Raises DataFileError where the file is none that the reading describes."""
        packed = content.startswith(GZIP)
        try:
            plain = gzip.decompress(content) if packed else content
        except (OSError, EOFError, zlib.error) as error:
            raise DataFileError(f"not a whole gzip archive: {error}") from error
        if plain.startswith(PARQUET):
            return _of_parquet(plain)
        return _of_text(plain, reading, packed)

    def select(self, places: Sequence[int]) -> bytes:
        """The file of these rows, by their numbers from 0, in its own dialect."""
        if self._parquet is not None:
            buffer = pa.BufferOutputStream()
            pq.write_table(self._parquet.take(pa.array(places, pa.int64())), buffer)
            return bytes(buffer.getvalue())
        text = io.StringIO()
        text.write(self._above)
        writer = csv.writer(text, delimiter=self._reading.delimiter, lineterminator="\n")
        writer.writerow(self._records[0])
        writer.writerows(self._records[place + 1] for place in places)
        content = text.getvalue().encode(self._reading.encoding)
        return gzip.compress(content, mtime=0) if self._is_packed else content


def _of_text(content: bytes, reading: FileReading, packed: bool) -> TableFile:
    encoding = "utf-8-sig" if reading.encoding == "utf-8" else reading.encoding
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataFileError(f"not {reading.encoding} text: {error.reason} at byte {error.start}") from error
    stream = io.StringIO(text, newline="")
    above = "".join(itertools.islice(stream, reading.skip_lines))
    try:
        records = [row for row in csv.reader(stream, delimiter=reading.delimiter) if row]
    except csv.Error as error:
        raise DataFileError(f"not readable as CSV: {error}") from error
    if not records:
        raise DataFileError("it has no header")
    return TableFile(
        names=tuple(_names(records, reading)),
        rows=[_fields(row, reading) for row in records[1:]],
        _above=above,
        _records=records,
        _reading=reading,
        _is_packed=packed,
    )


def _names(records: Sequence[Sequence[str]], reading: FileReading) -> list[str]:
    """R leaves the row names' column out of the header; pandas writes it without a name."""
    names = [name.strip(BLANKS) for name in records[0]]
    widest = max((len(row) for row in records[1:6]), default=len(names))
    if reading.trailing_delimiter and names and not names[-1]:
        names = names[:-1]
    as_wide = len(names) + reading.trailing_delimiter
    return names[1:] if reading.index_column and widest <= as_wide else names


def _fields(row: Sequence[str], reading: FileReading) -> Sequence[str]:
    end = -1 if reading.trailing_delimiter and row and not row[-1].strip(BLANKS) else len(row)
    return row[int(reading.index_column) : end]


def _of_parquet(content: bytes) -> TableFile:
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise DataFileError(f"not a whole Parquet file: {str(error).splitlines()[0]}") from error
    columns = [[_text(value) for value in column.to_pylist()] for column in table.columns]
    return TableFile(names=tuple(table.column_names), rows=list(zip(*columns, strict=True)), _parquet=table)


def _text(value: object) -> str:
    """As a CSV would hold it."""
    if value is None or value != value:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
