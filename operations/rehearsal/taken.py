"""What AcceptRecords has taken off the stream: each event once, however often its batch was tried."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq

from contracts import layout
from lambdas.streams.columns import EVENT_ID


class Taken:
    """`accepted` are ids of events, `refused` are places in the stream; both grow by looking."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._seen: set[str] = set()
        self.accepted: set[str] = set()
        self.refused: set[str] = set()
        self.files = 0

    def look(self) -> int:
        """How many were taken so far."""
        for content in self._new(layout.STREAM_EVENTS):
            self.files += 1
            self.accepted |= set(pq.read_table(io.BytesIO(content), columns=[EVENT_ID])[EVENT_ID].to_pylist())
        for content in self._new(layout.STREAM_REFUSED):
            self.refused |= {json.loads(line)["place"] for line in content.splitlines()}
        return len(self.accepted) + len(self.refused)

    def _new(self, room: layout.Room) -> Iterator[bytes]:
        """The objects that nobody has looked at yet."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=room.prefix)
        for key in [item["Key"] for page in pages for item in page.get("Contents", [])]:
            if key not in self._seen:
                self._seen.add(key)
                yield self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
