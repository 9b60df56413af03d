"""Records of the stream: each one accepted by the contract's rules or set aside with its reason."""

from __future__ import annotations

import base64
import io
import json
import tomllib
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.settings import AcceptRecordsSettings
from contracts.values import Grammar, ValueRefusedError
from lambdas.accept_records import handler as accept
from lambdas.accept_records.records import RecordReader, RecordRefusedError
from lambdas.aws import storage
from lambdas.streams.columns import EVENT_ID, EVENT_TIME, schema_of
from tests.unit.lambdas.conftest import set_environment

ROOT = Path(__file__).parents[3]
SHIPPED = tomllib.loads((ROOT / "pipeline.toml").read_text(encoding="utf-8"))
CONFIG = PipelineConfig.from_document({**SHIPPED, "stream": {"source": "kinesis"}})
NOW = 1_796_133_900.0  # 2026-12-01T14:05:00Z
ROW = {
    "longitude": -122.23,
    "latitude": 37.88,
    "housing_median_age": 41,
    "total_rooms": 880,
    "total_bedrooms": 129.0,
    "population": 322,
    "households": 126,
    "median_income": 8.3252,
    "median_house_value": 452600,
    "ocean_proximity": "NEAR BAY",
}
EVENT = {"event_id": "e1", "event_time": "2026-12-01T14:00:01Z", **ROW}


def record(document: Any, sequence: int = 1, shard: str = "shardId-000000000000") -> dict[str, Any]:
    """As Lambda hands it over; `document` is one, or the bytes themselves."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return {
        "eventID": f"{shard}:{sequence}",
        "eventSource": "aws:kinesis",
        "kinesis": {
            "sequenceNumber": str(sequence),
            "partitionKey": "p",
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": NOW + sequence / 1000,
        },
    }


@pytest.fixture
def take(monkeypatch, aws, context):
    monkeypatch.setattr(accept, "_reader", lambda path, stage: (READER, schema_of(CONFIG.dataset)))
    monkeypatch.setattr("lambdas.accept_records.handler.time.time", lambda: NOW)
    boto3.client("s3").create_bucket(Bucket="artifacts")
    queue = boto3.client("sqs").create_queue(QueueName="refused")["QueueUrl"]
    settings = AcceptRecordsSettings(
        artifact_bucket_name="artifacts",
        pipeline_config_path="x",
        metric_namespace="Greenlight/housing-dev",
        refused_queue_url=queue,
        stage_name="dev",
    )
    set_environment(monkeypatch, settings)

    def take(*records: dict[str, Any]) -> dict[str, Any]:
        return accept.handler({"Records": list(records)}, context)

    return take


READER = RecordReader(CONFIG.dataset, CONFIG.stream)


def objects() -> dict[str, bytes]:
    s3 = boto3.client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket="artifacts").get("Contents", [])]
    return {key: s3.get_object(Bucket="artifacts", Key=key)["Body"].read() for key in keys}


def test_accepted_records_lie_by_the_hour_of_their_own_time(take):
    late = {**EVENT, "event_id": 7, "event_time": "2026-11-30T23:59:59.5+01:00"}
    assert take(record(EVENT, 1), record(late, 2)) == {"batchItemFailures": []}
    found = objects()
    assert sorted(key.split("/")[2] for key in found) == ["2026-11-30T22", "2026-12-01T14"]
    table = pq.read_table(io.BytesIO(found[min(found)]))
    assert table[EVENT_ID].to_pylist() == ["7"]
    assert table[EVENT_TIME].to_pylist()[0].isoformat() == "2026-11-30T22:59:59.500000+00:00"
    assert {name: table[name].to_pylist()[0] for name in ROW} == ROW


def test_poison_is_set_aside_with_its_reason_and_stops_nothing(take):
    answer = take(record(b"{", 1), record(EVENT, 2), record({**EVENT, "latitude": "north"}, 3))
    assert answer == {"batchItemFailures": []}
    (refused,) = [body for key, body in objects().items() if key.startswith("stream/refused/")]
    lines = [json.loads(line) for line in refused.splitlines()]
    assert [base64.b64decode(line["data"])[:1] for line in lines] == [b"{", b"{"]
    assert lines[0]["reason"].startswith("it is no JSON")
    assert lines[1]["reason"] == "latitude: 'north' is not a finite number"
    sqs = boto3.client("sqs")
    (letter,) = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="refused")["QueueUrl"])["Messages"]
    told = json.loads(letter["Body"])
    assert told["refused"] == 2
    assert told["records"] == lines


def test_what_comes_twice_writes_the_same_object(take):
    for _ in range(2):
        take(record(EVENT, 1), record({**EVENT, "event_id": "e2"}, 2))
    assert len(objects()) == 1


def test_lambda_begins_again_where_something_could_not_be_written(take, monkeypatch):
    write = storage.write_bytes

    def failing(content: bytes, uri: str, content_type: str) -> None:
        write(content, uri.replace("artifacts", "elsewhere") if "T13" in uri else uri, content_type)

    monkeypatch.setattr(storage, "write_bytes", failing)
    earlier = {**EVENT, "event_id": "e2", "event_time": "2026-12-01T13:00:00Z"}
    answer = take(record(EVENT, 8), record(earlier, 9), record({**earlier, "event_id": "e3"}, 10))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "9"}]}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff", "it is not UTF-8: byte 0 is 0xff"),
        (b"[]", "it is no JSON object"),
        (b'{"event_id": NaN}', "NaN is no number"),
        (b'{"event_id": 1, "event_id": 2}', "the key 'event_id' stands twice"),
        (b"[" * 100_000, "nested too deeply"),
        ({**EVENT, "event_id": None}, "event_id is missing"),
        ({**EVENT, "event_id": ""}, "event_id is ''"),
        ({**EVENT, "event_id": "x" * 300}, "event_id is 'xxx"),
        ({**EVENT, "event_time": None}, "event_time is missing"),
        ({**EVENT, "event_time": "yesterday"}, "event_time is 'yesterday'"),
        ({**EVENT, "event_time": True}, "event_time is True"),
        ({**EVENT, "event_time": NOW * 1000}, "event_time is 1796"),
        ({**EVENT, "event_time": NOW + 3600}, "event_time lies 3600 s in the future"),
        ({**EVENT, "latitude": None}, "latitude: None is missing"),
        ({key: EVENT[key] for key in EVENT if key != "latitude"}, "latitude: its value is missing"),
        ({**EVENT, "latitude": [1]}, "latitude: [1] is not a finite number"),
        ({**EVENT, "ocean_proximity": "MOON"}, "ocean_proximity: 'MOON' is none of"),
        ({**EVENT, "ocean_proximity": "x" * 1_000_000}, "ocean_proximity: 'xxx"),
        ({**EVENT, "median_income": -1.0}, "median_income: -1.0 is below"),
    ],
)
def test_what_a_record_lacks_is_said(data, reason):
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(RecordRefusedError) as refused:
        READER.read(content, NOW)
    assert reason in str(refused.value)
    assert len(str(refused.value)) < 2000


def test_a_time_may_be_seconds_and_a_key_that_nobody_knows_does_no_harm():
    document = {**EVENT, "event_time": NOW, "trace": "abc"}
    identity, moment, values = READER.read(json.dumps(document).encode(), NOW)
    assert (identity, moment.timestamp(), values) == ("e1", NOW, list(ROW.values()))


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01T14:00:01Z",
        "2026-12-01T14:00:01+00:00",
        "2026-12-01T14:00:01.123Z",
        "2026-12-01T14:00:01.123456+00:00",
        "2026-12-01T24:00:00Z",
        "2026-W05-1T10:15:30Z",
        "2026-13-01T00:00:00Z",
        "2026-12-01T14:00:01,123Z",
        "2026-12-01t14:00:01z",
        "2026-12-01 14:00:01",
        "20261201T140001.1Z",
        "+026-12-01T14:00:01Z",
        "2026-12-01T14:00:0\u0661Z",
    ],
)
def test_the_quick_way_of_a_time_says_what_the_grammar_says(text):
    try:
        expected = Grammar(type="timestamp").read(text)
    except ValueRefusedError:
        expected = None
    document = json.dumps({**EVENT, "event_time": text}).encode()
    try:
        found = READER.read(document, NOW)[1]
    except RecordRefusedError:
        found = None
    assert found == expected
