"""One hour of captures, read whatever its files hold, into one Parquet file and an account of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts import layout
from inference.model import InputColumn
from lambdas.aws import storage
from lambdas.datasets.identity import Hashes, identities
from lambdas.monitoring import hours
from lambdas.monitoring.captures import BrokenLineError, Exchange, read_line
from lambdas.monitoring.champion import PARQUET
from lambdas.monitoring.requests import EVENT_ID, ROW, RequestReader
from lambdas.monitoring.windows import hour_uri

FORMAT_VERSION = 1
_FETCHED_TOGETHER = 8
_LINES_TOGETHER = 50_000


class Lines:
    """Reads lines of capture files, and counts those that are none."""

    def __init__(self) -> None:
        self.read = self.broken = 0
        self.reason = ""

    def exchanges(self, content: bytes) -> Iterator[Exchange]:
        for line in content.split(b"\n"):
            if not line.strip():
                continue
            self.read += 1
            try:
                yield read_line(line)
            except BrokenLineError as error:
                self.broken += 1
                self.reason = self.reason or str(error)


def capture_uris(bucket: str, endpoint: str, hour: datetime) -> list[str]:
    """The hour's files of all variants, by name."""
    found: list[str] = []
    base = layout.CAPTURES.uri(bucket, endpoint)
    for variant in storage.list_folders(base):
        found += storage.list_uris(f"{variant}{hours.folder_of(hour)}/")
    return [uri for uri in found if uri.endswith(".jsonl")]


def compact(
    uris: Sequence[str],
    columns: Sequence[InputColumn],
    bucket: str,
    hour: datetime,
    scratch: Path,
    *,
    is_classifier: bool,
) -> dict[str, Any]:
    """The account of the hour, which is written last; doing it again writes the same."""
    lines, reader = Lines(), RequestReader(tuple(columns), is_classifier)
    path = scratch / "hour.parquet"
    rows, seen = 0, _Seen()
    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for exchanges in _pieces(_contents(uris), lines):
            table = seen.fresh(reader.read(exchanges))
            rows += table.num_rows
            writer.write_table(table)
    uri = hour_uri(bucket, hour)
    storage.upload_file(path, f"{uri}{layout.REQUESTS_FILE}", PARQUET)
    path.unlink()
    account = {
        "format_version": FORMAT_VERSION,
        "hour": hours.text_of(hour),
        "captures": sorted(uris),
        "lines": lines.read,
        "rows": rows,
        "broken_lines": lines.broken,
        "broken_example": lines.reason,
        "doubled_rows": seen.doubled,
        "unreadable_requests": reader.unreadable,
        "unreadable_examples": reader.reasons,
    }
    storage.write_json(account, f"{uri}{layout.HOUR_FILE}")
    return account


class _Seen:
    """Leaves out what came before: an event that capture wrote twice counts once."""

    def __init__(self) -> None:
        self._hashes: list[Hashes] = []
        self.doubled = 0

    def fresh(self, table: pa.Table) -> pa.Table:
        if not table.num_rows:
            return table
        found = identities(table, [EVENT_ID, ROW], "capture")
        first = np.zeros(len(found), dtype=bool)
        first[np.unique(found, return_index=True)[1]] = True
        for before in self._hashes:
            places = np.minimum(np.searchsorted(before, found), len(before) - 1)
            first &= before[places] != found
        self._hashes.append(np.sort(found[first]))
        self._merge()
        self.doubled += int((~first).sum())
        return table.filter(pa.array(first))

    def _merge(self) -> None:
        """Few sorted runs, each at least twice as long as the next (as a log-structured merge keeps them)."""
        runs = [run for run in self._hashes if len(run)]
        while len(runs) > 1 and len(runs[-2]) < 2 * len(runs[-1]):
            last, other = runs.pop(), runs.pop()
            runs.append(np.sort(np.concatenate([other, last])))
        self._hashes = runs


def _contents(uris: Sequence[str]) -> Iterator[bytes]:
    """Some files ahead, in their order."""
    with ThreadPoolExecutor(_FETCHED_TOGETHER) as threads:
        for start in range(0, len(uris), _FETCHED_TOGETHER):
            yield from threads.map(storage.read_bytes, uris[start : start + _FETCHED_TOGETHER])


def _pieces(contents: Iterator[bytes], lines: Lines) -> Iterator[list[Exchange]]:
    """Exchanges of several files together, so that small files cost no more than large ones."""
    waiting: list[Exchange] = []
    for content in contents:
        for exchange in lines.exchanges(content):
            waiting.append(exchange)
            if len(waiting) >= _LINES_TOGETHER:
                yield waiting
                waiting = []
    if waiting:
        yield waiting
