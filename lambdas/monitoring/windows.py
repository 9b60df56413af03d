"""Hours of captured requests as they lie in the artifact bucket, and the rows of a window out of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts import layout
from contracts.documents.monitoring import Window
from lambdas.aws import storage
from lambdas.monitoring import hours
from lambdas.monitoring.requests import TIME


def hour_uri(bucket: str, hour: datetime) -> str:
    """The folder of an hour, with a slash at its end."""
    return layout.WINDOWS.uri(bucket, hours.folder_of(hour))


def summary(bucket: str, hour: datetime) -> dict[str, Any] | None:
    """What was read of an hour; None of one that was not yet."""
    return storage.read_json(f"{hour_uri(bucket, hour)}{layout.HOUR_FILE}")


def known_hours(bucket: str) -> list[datetime]:
    """Those that were read already, the oldest first."""
    root = f"s3://{bucket}/{layout.WINDOWS.prefix}"
    ending = f"/{layout.HOUR_FILE}"
    found = [
        uri.removeprefix(root).removesuffix(ending) for uri in storage.list_uris(root) if uri.endswith(ending)
    ]
    return sorted(hours.of_folder(folder) for folder in found)


def batches(
    bucket: str,
    first: datetime,
    last: datetime,
    scratch: Path,
    names: Sequence[str] | None = None,
    *,
    since: datetime | None = None,
) -> Iterator[pa.Table]:
    """The rows of the hours, both included, piece by piece; those before `since` are left out."""
    for hour in known_hours(bucket):
        found = summary(bucket, hour) if first <= hour <= last else None
        if not found or not found["rows"]:
            continue
        path = scratch / f"{hours.text_of(hour)}.parquet"
        storage.download_file(f"{hour_uri(bucket, hour)}{layout.REQUESTS_FILE}", path)
        yield from _of_file(path, names, since)
        path.unlink()


def _of_file(path: Path, names: Sequence[str] | None, since: datetime | None) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        known = [name for name in names if name in file.schema_arrow.names] if names else None
        wanted = None if known is None else list(dict.fromkeys([TIME, *known]))
        for batch in file.iter_batches(columns=wanted):
            table = pa.table(batch)
            if since is not None:
                table = table.filter(
                    pc.greater_equal(table.column(TIME), pa.scalar(since, table.schema.field(TIME).type))
                )
            if table.num_rows:
                yield table


def rows_of(
    window: Window, bucket: str, scratch: Path, names: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Of the champion that serves alone."""
    yield from batches(
        bucket,
        hours.read(window.first_hour),
        hours.read(window.last_hour),
        scratch,
        names,
        since=hours.moment(window.since) if window.since else None,
    )
