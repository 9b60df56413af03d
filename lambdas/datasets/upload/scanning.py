"""Tells an upload's lines apart as they arrive, so that no row can swallow another.

A line is a row by itself; only the quoted field of a text column may go on over lines. A line whose quotes do
not fit is set aside alone, and what follows it is read. Line ends are LF, CR LF or CR CR LF, mixed as they
come; where CR alone ends the first line it ends all others too, and elsewhere it does so between whole rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lambdas.datasets.checks.faults import DatasetRejected, Fault
from lambdas.datasets.upload.account import NO_LINES, Account, Aside
from lambdas.datasets.upload.records import (
    OPEN,
    STRAY,
    BrokenRecordError,
    Records,
    SwallowingRecordError,
    UnfinishedRecordError,
)

MAX_LINE_BYTES = 2_000_000
MAX_ASIDE = 100_000
MAX_REMOVED = 10_000_000
BARE_CR, ZERO = "a carriage return stands inside of the line", "the line holds a zero byte"
_SHOWN_BYTES = 200
_LF, _CR, _QUOTE, _NUL = b"\n", b"\r", b'"', b"\0"
_FIRST_END = re.compile(rb"\r*+\n|\r++")

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


@dataclass
class Scanner:
    """Feed it the bytes as they come, and save what it gives back: the header, and lines that hold records.

    `records` reads those of a header line; it raises DatasetRejected for one that is none. The first `titles`
    lines are passed over.
    """

    delimiter: bytes
    records: Callable[[bytes], Records]
    titles: int = 0
    _carry: bytes = b""
    _lines: int = 0  # of the upload, so far
    _saved: int = 0  # lines given back, so far
    _blank: int = 0
    _ends_in_cr: bool | None = None
    _records: Records | None = None
    _aside: list[Aside] = field(default_factory=list)
    _removed: list[Places] = field(default_factory=list)
    _removed_count: int = 0
    _continued: list[Places] = field(default_factory=list)

    def feed(self, chunk: bytes) -> bytes:
        """Raises DatasetRejected where rows cannot be told apart."""
        return self._take(self._carry + chunk if self._carry else chunk, last=False)

    def finish(self) -> bytes:
        rest, self._carry = self._carry, b""
        return self._take(rest if not rest or rest[-1:] in (_LF, _CR) else rest + _LF, last=True)

    @property
    def lines(self) -> int:
        """How many lines have been fed so far."""
        return self._lines + self._carry.count(_LF)

    def account(self) -> Account:
        return Account(
            lines=self._lines,
            blank=self._blank,
            titles=min(self.titles, self._lines),
            aside=tuple(self._aside),
            removed=np.concatenate(self._removed) if self._removed else NO_LINES,
            continued=np.concatenate(self._continued) if self._continued else NO_LINES,
        )

    def _take(self, data: bytes, *, last: bool) -> bytes:
        waiting = b""
        if _CR in data:
            data, waiting = self._with_line_feeds(data, last=last)
        cut = data.rfind(_LF) + 1
        body, self._carry = (data, b"") if cut == len(data) else (data[:cut], data[cut:])
        self._carry += waiting
        head, body = self._head(body) if self._records is None else (b"", body)
        if _CR in body:
            body = self._parted(body)
        clean = head + self._rows(body, last=last) if body else head
        if len(self._carry) > MAX_LINE_BYTES:
            detail = f"a line is longer than {MAX_LINE_BYTES:,} bytes; are there line ends in the file?"
            raise _rejected(self._lines + 1, detail)
        return clean

    def _with_line_feeds(self, data: bytes, *, last: bool) -> tuple[bytes, bytes]:
        """Every line end as LF, and what waits for the bytes behind it: a CR at the end."""
        if self._ends_in_cr is None:
            first = _FIRST_END.search(data)
            if self._lines:
                self._ends_in_cr = False
            elif first and (last or first.end() < len(data)):
                self._ends_in_cr = first[0][-1:] == _CR
        waiting = b""
        if self._ends_in_cr and not last:
            cut = len(data.rstrip(_CR))
            data, waiting = data[:cut], data[cut:]
        data = data.replace(b"\r\n", _LF)
        if b"\r\n" in data:
            data = re.sub(rb"\r++\n", _LF, data)
        if self._ends_in_cr:
            data = data.replace(_CR, _LF)
        return (data.rstrip(_CR) + _LF if last and data[-1:] == _CR else data), waiting

    def _parted(self, body: bytes) -> bytes:
        """A bare CR ends a row where what it parts are rows, as where an old export was joined to others.

        One such row alone is no proof: it may be what is left of a row with a CR in its first field.
        """
        found, at = [], 0
        while (mark := body.find(_CR, at)) >= 0:
            start, end = body.rfind(_LF, at, mark) + 1 or at, body.index(_LF, mark)
            parts = [part for part in body[start:end].split(_CR) if part]
            rows = sum(map(self._reader().is_row, parts))
            is_parted = len(parts) > 1 and rows > 1
            found += [body[at:start], body[start:end].replace(_CR, _LF) if is_parted else body[start:end]]
            at = end
        return b"".join([*found, body[at:]])

    def _head(self, body: bytes) -> tuple[bytes, bytes]:
        """Titles and blank lines go; the first line that is left is the header."""
        at = 0
        while at < len(body) and self._records is None:
            start, at = at, body.index(_LF, at) + 1
            self._lines += 1
            if self._lines > self.titles and at - start > 1:
                self._records = self.records(body[start : at - 1])
                self._saved = 1
                return body[start:at], body[at:]
            self._blank += self._lines > self.titles
            self._remove(np.array([self._lines], dtype=np.int64))
        return b"", b""

    def _rows(self, body: bytes, *, last: bool) -> bytes:
        data = np.frombuffer(body, dtype=np.uint8)
        ends = np.flatnonzero(data == _LF[0])
        has_blank = ends[0] == 0 or bool((np.diff(ends) == 1).any())
        if has_blank or any(mark in body for mark in (_QUOTE, _CR, _NUL)):
            return self._sorted_out(body, data, ends, last=last)
        self._count(len(ends))
        return body

    def _count(self, lines: int, removed: int = 0) -> None:
        self._lines += lines
        self._saved += lines - removed

    def _sorted_out(self, body: bytes, data: Bytes, ends: Places, *, last: bool) -> bytes:
        starts = np.concatenate([[0], ends[:-1] + 1])
        gone = starts == ends
        reasons = _doubts(data, ends, self.delimiter[0])
        stop = self._judge(body, starts, ends, gone, reasons, last=last)
        if stop < len(ends):  # the rest of a record has not arrived yet
            self._carry = body[starts[stop] :] + self._carry
            body, starts, ends, gone = body[: starts[stop]], starts[:stop], ends[:stop], gone[:stop]
        self._blank += int((gone & (starts == ends)).sum())
        self._remove(self._lines + 1 + np.flatnonzero(gone))
        self._count(len(ends), int(gone.sum()))
        return _without(body, starts, ends, gone)

    def _judge(
        self,
        body: bytes,
        starts: Places,
        ends: Places,
        gone: npt.NDArray[np.bool_],
        reasons: dict[int, str],
        *,
        last: bool,
    ) -> int:
        """Mark the lines that hold no record as gone, and note those that go on with a text before them.

        The number of lines that can be judged by now.
        """
        records, upto = self._reader(), 0
        for line in sorted(reasons):
            if line < upto:
                continue
            start, end = int(starts[line]), int(ends[line]) + 1
            reason = reasons[line]
            if reason in (OPEN, STRAY):
                if records.is_line(body[start:end]):
                    continue
                try:
                    upto = self._record(records, body, line, starts, ends) if records.many_lines else 0
                except UnfinishedRecordError:
                    if not last:
                        return line
                except BrokenRecordError as error:
                    reason = str(error)
                if upto > line:
                    gone[line:upto] = False  # a blank line inside of a text is a part of it
                    self._go_on(line, upto, gone)
                    continue
            gone[line] = True
            self._set_aside(self._lines + line + 1, reason, body[start:end])
        return len(ends)

    def _reader(self) -> Records:
        assert self._records is not None  # noqa: S101 - rows come after the header
        return self._records

    def _record(self, records: Records, body: bytes, line: int, starts: Places, ends: Places) -> int:
        """The line behind the record that begins on this one."""
        try:
            end = records.end_of(body, int(starts[line]))
        except SwallowingRecordError as error:
            opened = self._lines + line + 1
            detail = (
                f"a quote is opened on line {opened} and runs over whole rows, the first of them line "
                f"{opened + error.lines_below}; close it, or double each quote that is a part of a text"
            )
            raise _rejected(opened, detail, rule="quotes") from error
        return int(np.searchsorted(ends, end - 1)) + 1

    def _go_on(self, line: int, upto: int, gone: npt.NDArray[np.bool_]) -> None:
        first = self._saved + line + 1 - int(gone[:line].sum())
        self._continued.append(np.arange(first + 1, first + upto - line, dtype=np.int64))

    def _set_aside(self, line: int, reason: str, text: bytes) -> None:
        if len(self._aside) == MAX_ASIDE:
            detail = f"more than {MAX_ASIDE:,} lines are malformed, the first: {self._aside[0].reason}"
            raise _rejected(self._aside[0].line, detail)
        shown = text[:_SHOWN_BYTES].decode("utf-8", "replace").rstrip("\n")
        self._aside.append(Aside(line=line, reason=reason, text=shown))

    def _remove(self, lines: Places) -> None:
        if len(lines):
            self._removed.append(lines)
            self._removed_count += len(lines)
        if self._removed_count > MAX_REMOVED:
            raise _rejected(int(lines[-1]), f"more than {MAX_REMOVED:,} lines are blank or malformed")


def _doubts(data: Bytes, ends: Places, delimiter: int) -> dict[int, str]:
    """The lines that may hold no record, by number from 0, with the reason; the exact reader decides.

    Taken by itself, a line's quotes open and close a field in turn: one that opens stands behind a delimiter
    or the line's start, one that closes before a delimiter or the line's end, doubled ones beside each other.
    """
    reasons: dict[int, str] = {}
    quotes = np.flatnonzero(data == _QUOTE[0])
    if len(quotes):
        line = np.searchsorted(ends, quotes)
        first = np.searchsorted(line, line)  # of each quote's line
        opens = (np.arange(len(quotes)) - first) % 2 == 0
        before = np.where(quotes == 0, _LF[0], data[quotes - 1])
        behind = data[quotes + 1]  # a line's end, at the least
        neighbour = np.where(opens, before, behind)
        fits = (neighbour == delimiter) | (neighbour == _LF[0]) | (neighbour == _QUOTE[0])
        reasons |= dict.fromkeys(np.unique(line[~fits]).tolist(), STRAY)
        last = np.flatnonzero(np.diff(line, append=-1))
        reasons |= dict.fromkeys(line[last][opens[last]].tolist(), OPEN)
    for mark, reason in ((_CR, BARE_CR), (_NUL, ZERO)):
        found = np.flatnonzero(data == mark[0])
        reasons |= dict.fromkeys(np.unique(np.searchsorted(ends, found)).tolist(), reason)
    return reasons


def _without(body: bytes, starts: Places, ends: Places, gone: npt.NDArray[np.bool_]) -> bytes:
    if not gone.any():
        return body
    if gone.all():
        return b""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], gone, [True]]).astype(np.int8)))
    # Runs of lines that stay: from the first one's start to behind the last one's end.
    return b"".join(body[starts[first] : ends[past - 1] + 1] for first, past in edges.reshape(-1, 2).tolist())


def _rejected(line: int, detail: str, rule: str = "csv", **more: Any) -> DatasetRejected:
    return DatasetRejected([Fault(rule=rule, detail=detail, line=line, **more)])
