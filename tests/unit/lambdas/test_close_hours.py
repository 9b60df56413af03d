"""Hours of the stream are closed once each, and nothing is lost or doubled, whatever happens on the way."""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts import layout
from contracts.pipeline_config import PipelineConfig
from contracts.settings import AcceptRecordsSettings, CloseHoursSettings
from lambdas.accept_records import handler as accept
from lambdas.aws import storage
from lambdas.close_hours import handler as close
from lambdas.list_parts.manifest import folder_of, parts_of
from lambdas.streams.columns import schema_of
from lambdas.uploads import Upload
from tests.unit.lambdas.conftest import set_environment
from tests.unit.lambdas.test_accept_records import CONFIG, EVENT, READER, SHIPPED, record

BEGIN = datetime(2026, 12, 1, 10, tzinfo=UTC)


class Stream:
    """One shard, AcceptRecords behind it, CloseHours beside it; the clock is told."""

    def __init__(self, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self._context, self._monkeypatch = context, monkeypatch
        self._sequence = 0
        self.use(CONFIG)

    def use(self, config: PipelineConfig) -> None:
        self._monkeypatch.setattr("lambdas.close_hours.handler.PipelineConfig.load", lambda path: config)

    def send(self, events: Sequence[Any], at: datetime) -> list[dict[str, Any]]:
        """Put events and let them be read; the records as Lambda would hand them over again."""
        records = [self._record(event) for event in events]
        self.read(records, at)
        return records

    def _record(self, event: Any) -> dict[str, Any]:
        self._sequence += 1
        return record(event, self._sequence)

    def read(self, records: list[dict[str, Any]], at: datetime) -> None:
        self._monkeypatch.setattr("lambdas.accept_records.handler.time.time", at.timestamp)
        assert accept.handler({"Records": records}, self._context) == {"batchItemFailures": []}

    def close(self, at: datetime) -> dict[str, Any]:
        return close.handler({"now": at.isoformat()}, self._context)


@pytest.fixture
def stream(monkeypatch, aws, context) -> Stream:
    monkeypatch.setattr(accept, "_reader", lambda path, stage: (READER, schema_of(CONFIG.dataset)))
    s3 = boto3.client("s3")
    for bucket in ("artifacts", "raw"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    queue = boto3.client("sqs").create_queue(QueueName="refused")["QueueUrl"]
    common = {"artifact_bucket_name": "artifacts", "pipeline_config_path": "x", "metric_namespace": "n"}
    set_environment(monkeypatch, AcceptRecordsSettings(**common, refused_queue_url=queue, stage_name="dev"))
    set_environment(monkeypatch, CloseHoursSettings(**common, raw_bucket_name="raw"))
    return Stream(context, monkeypatch)


def event(number: int, at: datetime, **changes: Any) -> dict[str, Any]:
    return {**EVENT, "event_id": f"e{number}", "event_time": at.isoformat(), "total_rooms": number, **changes}


def keys(bucket: str, prefix: str = "") -> list[str]:
    return [found.key for found in storage.objects(bucket, prefix)]


def rows_of(manifest_uri: str) -> pa.Table:
    """What the pipeline would read of a dataset in parts, by its manifest alone."""
    bucket, key = storage.split(manifest_uri)
    parts = parts_of(storage.read_bytes(manifest_uri), folder_of(key))
    uris = [f"s3://{bucket}/{folder_of(key)}{part}" for part in parts]
    return pa.concat_tables([pq.read_table(io.BytesIO(storage.read_bytes(uri))) for uri in uris])


def in_units() -> list[float]:
    uris = [f"s3://artifacts/{key}" for key in keys("artifacts", layout.STREAM_HOURS.prefix)]
    return [
        n
        for uri in uris
        for n in pq.read_table(io.BytesIO(storage.read_bytes(uri)))["total_rooms"].to_pylist()
    ]


def test_an_hour_is_open_until_its_lateness_has_passed_and_then_closed_once(stream):
    stream.send([event(n, BEGIN + timedelta(minutes=n)) for n in range(60)], BEGIN + timedelta(hours=1))
    assert stream.close(BEGIN + timedelta(hours=1, minutes=19))["closed"] == []
    closed = stream.close(BEGIN + timedelta(hours=1, minutes=20))["closed"]
    assert closed == [{"hour": "2026-12-01T10", "rows": 60}]
    assert not keys("artifacts", layout.STREAM_EVENTS.prefix)
    assert stream.close(BEGIN + timedelta(hours=9))["closed"] == []


def test_what_comes_late_is_a_unit_of_its_own_and_nothing_in_it_is_there_twice(stream):
    stream.send([event(1, BEGIN), event(2, BEGIN)], BEGIN)
    stream.close(BEGIN + timedelta(hours=2))
    stream.send(
        [event(2, BEGIN), event(3, BEGIN), event(2, BEGIN + timedelta(hours=1))], BEGIN + timedelta(hours=3)
    )
    stream.close(BEGIN + timedelta(hours=4))
    assert sorted(in_units()) == [1, 2, 3]


def test_of_two_records_of_one_event_the_first_that_arrived_counts(stream):
    stream.send([event(1, BEGIN, population=5), event(1, BEGIN, population=6)], BEGIN)
    stream.close(BEGIN + timedelta(hours=2))
    (key,) = keys("artifacts", layout.STREAM_HOURS.prefix)
    assert pq.read_table(io.BytesIO(storage.read_bytes(f"s3://artifacts/{key}")))[
        "population"
    ].to_pylist() == [5]


def test_a_run_that_dies_before_it_cleared_up_loses_and_doubles_nothing(stream, monkeypatch):
    stream.send([event(n, BEGIN) for n in range(5)], BEGIN)
    delete = storage.delete

    def dying(bucket: str, doomed: Sequence[str]) -> None:
        raise ConnectionError

    monkeypatch.setattr(storage, "delete", dying)
    with pytest.raises(ConnectionError):
        stream.close(BEGIN + timedelta(hours=2))
    stream.send([event(5, BEGIN)], BEGIN + timedelta(hours=2))
    monkeypatch.setattr(storage, "delete", delete)
    stream.close(BEGIN + timedelta(hours=3))
    assert sorted(in_units()) == [0, 1, 2, 3, 4, 5]


def test_closed_hours_become_a_dataset_in_parts_that_the_pipeline_reads(stream):
    for hour in range(30):
        at = BEGIN + timedelta(hours=hour)
        stream.send([event(100 * hour + n, at) for n in range(50)], at)
    ending = stream.close(BEGIN + timedelta(hours=40))
    uri = ending["dataset_uri"]
    assert uri == "s3://raw/incoming/stream/2026-12-02T15/manifest.json"
    table = rows_of(uri)
    assert table.num_rows == 30 * 50
    assert table.column_names == [column.name for column in CONFIG.dataset.columns]
    wanted = {
        key: Upload(bucket="raw", key=key, version_id="v", sequencer="").is_wanted for key in keys("raw")
    }
    assert [key for key, starts in wanted.items() if starts] == [uri.removeprefix("s3://raw/")]
    assert stream.close(BEGIN + timedelta(hours=41))["dataset_uri"] == ""


def test_the_next_dataset_comes_after_its_time_and_slides_with_the_hours(stream):
    stream.use(
        PipelineConfig.from_document(
            {**SHIPPED, "stream": {"source": "kinesis", "train_every_hours": 2, "dataset_hours": 3}}
        )
    )
    made = []
    for hour in range(6):
        at = BEGIN + timedelta(hours=hour)
        stream.send([event(1000 * hour + n, at) for n in range(400)], at)
        made.append(stream.close(at + timedelta(hours=1, minutes=30))["dataset_uri"])
    assert [bool(uri) for uri in made] == [False, True, False, True, False, True]
    hours = {int(number) // 1000 for number in rows_of(made[5])["total_rooms"].to_pylist()}
    assert hours == {3, 4, 5}


def test_too_few_rows_make_no_dataset(stream):
    stream.send([event(1, BEGIN)], BEGIN)
    assert stream.close(BEGIN + timedelta(hours=2))["dataset_uri"] == ""
    assert not keys("raw")


def test_poison_repetitions_disorder_and_restarts_lose_and_double_nothing(stream):
    chance = random.Random(5)
    events: list[Any] = [event(n, BEGIN + timedelta(seconds=2 * n)) for n in range(6000)]
    events += [chance.choice(events) for _ in range(300)]
    sent = [{**one, "latitude": "?"} if chance.random() < 0.03 else one for one in events]
    good = Counter(one["total_rooms"] for one in sent if one["latitude"] != "?")
    for place in chance.sample(range(len(sent)), len(sent) // 10):
        other = max(0, min(len(sent) - 1, place + chance.randint(-2000, 2000)))
        sent[place], sent[other] = sent[other], sent[place]
    end = BEGIN + timedelta(hours=12)
    now = BEGIN
    while sent:
        size = chance.randint(1, 400)
        batch, sent = sent[:size], sent[size:]
        now = min(end, now + timedelta(minutes=chance.randint(1, 15)))
        records = stream.send(batch, end)
        if chance.random() < 0.3:  # the function died after it had written
            stream.read(records[chance.randrange(len(records)) :], end)
        if chance.random() < 0.3:
            stream.close(now)
    stream.close(end)
    table = rows_of(stream.close(end)["dataset_uri"] or f"s3://raw/{keys('raw')[0]}")
    assert Counter(in_units()) == Counter(good.keys())
    assert set(table["total_rooms"].to_pylist()) <= good.keys()
    refused = [
        json.loads(line)
        for key in keys("artifacts", layout.STREAM_REFUSED.prefix)
        for line in storage.read_bytes(f"s3://artifacts/{key}").splitlines()
    ]
    assert len({one["place"] for one in refused}) == len(events) - sum(good.values())
