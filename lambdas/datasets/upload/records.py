"""One record at a time, exactly: for the few lines whose quotes are not plain. Pure.

A field is quoted where a quote is the first of it, blanks apart; then it ends at the next quote that is not
doubled, and nothing but blanks may follow. Anywhere else a quote is a character like any other, as Python's
csv, pandas and DuckDB read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

MAX_RECORD_BYTES = 2_000_000
OPEN = "a quote is opened and never closed"
STRAY = "text follows the quote that ends a field"


class BrokenRecordError(ValueError):
    """No record begins here; the message says why."""


class UnfinishedRecordError(ValueError):
    """The bytes end inside of a quoted field."""


class SwallowingRecordError(ValueError):
    """A quoted text goes on over lines that are rows by themselves, the first of them so many lines below."""

    def __init__(self, lines_below: int) -> None:
        super().__init__(f"{lines_below} lines below")
        self.lines_below = lines_below


class Records:
    """Reads records of `width` fields. `texts` are the positions of those that may hold line ends; `is_row`
    tells whether a line's fields could be a row's."""

    def __init__(
        self,
        delimiter: bytes,
        width: int,
        texts: Collection[int] = (),
        is_row: Callable[[list[bytes]], bool] = lambda fields: True,
    ) -> None:
        self.many_lines = bool(texts)
        self._delimiter, self._width, self._texts, self._takes = delimiter, width, texts, is_row
        mark = re.escape(delimiter)
        blank = b"[ \t]" if delimiter != b"\t" else b"[ ]"
        if delimiter == b" ":
            blank = b"[\t]"
        quoted = blank + rb'*+"(?:[^"\n]++|"")*+"' + blank + rb"*+"
        plain = rb"(?!" + blank + rb'*+")[^' + mark + rb"\n]*+"
        bare = rb"[^" + mark + rb'"\n]*+'
        self._strict = re.compile(rb"(?:" + quoted + rb"|" + bare + rb")(?:" + mark + rb"|\n)")
        one = rb"(?:" + quoted + rb"|" + plain + rb")"
        self._line = re.compile(one + rb"(?:" + mark + one + rb")*+\n")
        self._opening = re.compile(blank + rb'*+"')
        self._plain = re.compile(rb"[^" + mark + rb"\n]*+")
        self._blanks = re.compile(blank + rb"*+")

    def is_line(self, line: bytes) -> bool:
        """Whether a line, with its end, is a record by itself."""
        return self._line.fullmatch(line) is not None

    def is_row(self, line: bytes) -> bool:
        """Whether a line, without its end, could be a row by itself."""
        fields = self._fields_of(line + b"\n")
        return bool(fields) and self._takes(fields)

    def end_of(self, body: bytes, start: int) -> int:
        """Where the record ends that begins at `start` and goes on over lines, behind its line end.

        Raises BrokenRecordError, UnfinishedRecordError or SwallowingRecordError.
        """
        at, spans = start, []
        while True:
            begin, at = at, self._field(body, at, start)
            spans.append((begin, at))
            if body[at : at + 1] == b"\n":
                break
            at += 1
        if len(spans) != self._width:
            raise BrokenRecordError(OPEN)
        for number, (begin, end) in enumerate(spans):
            if number not in self._texts and b"\n" in body[begin:end]:
                raise BrokenRecordError(OPEN)
        self._check_lines(body[start:at])
        return at + 1

    def _field(self, body: bytes, at: int, start: int) -> int:
        """The place of the delimiter or line end behind the field at `at`."""
        opening = self._opening.match(body, at)
        if not opening:
            found = self._plain.match(body, at)
            return found.end() if found else at
        at = opening.end()
        while True:
            at = body.find(b'"', at, start + MAX_RECORD_BYTES)
            if at < 0 or at + 1 == len(body):
                if len(body) - start >= MAX_RECORD_BYTES:
                    raise BrokenRecordError(OPEN)
                raise UnfinishedRecordError
            if body[at + 1 : at + 2] != b'"':
                break
            at += 2
        blanks = self._blanks.match(body, at + 1)
        at = blanks.end() if blanks else at + 1
        if body[at : at + 1] not in (self._delimiter, b"\n"):
            raise BrokenRecordError(STRAY)
        return at

    def _check_lines(self, record: bytes) -> None:
        """No line of the record but the first may be a row."""
        for number, line in enumerate(record.split(b"\n")[1:], start=1):
            if self.is_row(line):
                raise SwallowingRecordError(number)

    def _fields_of(self, line: bytes) -> list[bytes]:
        """What the fields hold of a line without stray quotes; nothing of any other."""
        fields, at = [], 0
        while at < len(line):
            found = self._strict.match(line, at)
            if not found:
                return []
            text = line[at : found.end() - 1].strip(b" \t")
            fields.append(text[1:-1].replace(b'""', b'"') if text[:1] == b'"' else text)
            at = found.end()
        return fields
