"""A batch as Lambda hands it over: accepted records by hour, and the refused ones with their reasons. Pure.

The event: Lambda Developer Guide, "Using Lambda to process records from Amazon Kinesis Data Streams".
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lambdas.accept_records.records import RecordReader, RecordRefusedError
from lambdas.streams import hours

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A record that is set aside; `place` names shard and sequence number, `data` is base64."""

    place: str
    sequence: str
    reason: str
    data: str

    def as_document(self) -> dict[str, str]:
        return {"place": self.place, "reason": self.reason, "data": self.data}


@dataclass(kw_only=True)
class Hour:
    """The accepted records of one hour of event time, as rows of the schema; `first` is the sequence number
    by which Lambda would begin again."""

    first: str
    last: str = ""
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def as_parquet(self, schema: pa.Schema) -> bytes:
        columns = zip(*self.rows, strict=True)
        arrays = [pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)]
        buffer = io.BytesIO()
        pq.write_table(pa.table(arrays, schema=schema), buffer, compression="zstd")
        return buffer.getvalue()


@dataclass(kw_only=True)
class Batch:
    """What became of the records; `name` is the same whenever the same records come."""

    name: str
    accepted: dict[str, Hour]
    refused: list[Refused]
    events: list[tuple[tuple[str, ...], int, list[Any]]] = field(default_factory=list)
    """Of accepted records, as they came: entities, microseconds of event time, the contract's values."""

    @property
    def accepted_records(self) -> int:
        return sum(len(hour.rows) for hour in self.accepted.values())

    def refused_lines(self) -> bytes:
        return b"".join(json.dumps(one.as_document()).encode() + b"\n" for one in self.refused)


def read_batch(records: Sequence[Mapping[str, Any]], reader: RecordReader, now_seconds: float) -> Batch:
    accepted: dict[str, Hour] = {}
    refused: list[Refused] = []
    events: list[tuple[tuple[str, ...], int, list[Any]]] = []
    names: dict[int, str] = {}  # of hours, since a batch holds few
    for record in records:
        payload = record["kinesis"]
        sequence, place = payload["sequenceNumber"], record["eventID"]
        try:
            identity, moment, values, entities = reader.read_whole(
                base64.b64decode(payload["data"]), now_seconds
            )
        except RecordRefusedError as error:
            refused.append(
                Refused(place=place, sequence=sequence, reason=str(error)[:2000], data=payload["data"])
            )
            continue
        number = int(moment.timestamp()) // 3600
        name = names.get(number) or names.setdefault(number, hours.name_of(moment))
        hour = accepted.get(name)
        if hour is None:
            hour = accepted[name] = Hour(first=sequence)
        arrived = round(payload["approximateArrivalTimestamp"] * 1e6)
        hour.last = sequence
        if entities:
            events.append((entities, microseconds_of(moment), values))
        hour.rows.append((identity, moment, arrived, place, *values))
    return Batch(name=_name(records), accepted=accepted, refused=refused, events=events)


def microseconds_of(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _name(records: Sequence[Mapping[str, Any]]) -> str:
    """`SHARD-FIRST`: two batches of one shard never begin at the same record, but where one is the other's
    repetition or part, and then the records of the longer one are those of the shorter and more."""
    shard, _, first = str(records[0]["eventID"]).partition(":")
    return f"{shard}-{first}-{len(records):05d}"
