"""The act of the stream: what it changes in pipeline.toml, how it divides the data, and what it demands."""

import dataclasses
import io
import json
import tomllib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts import layout
from contracts.pipeline_config import PipelineConfig
from localcloud.commands.housing import generate
from operations.rehearsal import performance, stream_act, streamed
from operations.rehearsal.stream_act import Told
from operations.rehearsal.streamed import as_json, halves, opened, read_opened
from operations.rehearsal.table_file import DataFileError
from operations.rehearsal.taken import Taken
from operations.rehearsal.uploads import Question
from operations.rehearsal.watch import RehearsalError

ROOT = Path(__file__).parents[4]
SHIPPED = (ROOT / "pipeline.toml").read_text()
ISSUER = "http://127.0.0.1:8123"
CONTRACT = PipelineConfig.load(ROOT / "pipeline.toml").dataset
WENT_WELL = Told(
    sent=10,
    accepted=9,
    refused=1,
    closed_hours=["2026-11-28T09"],
    closed_rows=9,
    predictions=["one", "two"],  # type: ignore[list-item]
    labels_accepted=2,
    label_files=["labels/front/one.csv"],
    status_without_token=401,
    status_without_scope=403,
)


def test_dev_gets_a_stream_and_a_front_and_all_else_stays():
    config = read_opened(opened(SHIPPED, ISSUER, "rehearsal"))
    assert config.stream.stages == config.front.stages == ("dev",)
    assert (config.front.auth, config.front.issuer) == ("jwt", ISSUER)
    before = tomllib.loads(SHIPPED)
    assert {name: config.document[name] for name in before} == before
    assert set(config.document) == {*before, "stream", "front", "feature_groups"}
    (group,) = config.feature_groups
    assert group.features == tuple(column.name for column in config.dataset.feature_columns)


def test_a_stream_and_a_front_of_the_file_s_own_give_way():
    own = '[stream]\nstages = ["prod"]\nsource = "kinesis"\nevent_id = "order"\n\n'
    own += '[[feature_groups]]\nname = "a"\nentity = "b"\nfeatures = ["x"]\n\n'
    own += "[feature_groups.aggregates]\nn = 'count(\"1d\")'\n\n"
    own += '[ front ]  # ours\nstages = ["prod"]\nauth = "iam"\n\n'
    text = opened(SHIPPED.replace("[gate]\n", f"{own}[gate]\n"), ISSUER, "rehearsal")
    assert tomllib.loads(text) == tomllib.loads(opened(SHIPPED, ISSUER, "rehearsal"))


def test_what_the_configuration_refuses_is_told_in_its_words():
    with pytest.raises(RehearsalError, match=r"front\.stages: 'dev' runs in a VPC"):
        read_opened(opened(SHIPPED.replace("vpc = false", "vpc = true"), ISSUER, "rehearsal"))


def test_no_row_is_both_an_event_and_asked():
    parts = halves(generate(1200), CONTRACT, 20)
    assert (parts.rows, len(parts.events), len(parts.questions)) == (1200, 600, 20)
    events = {tuple(event[column.name] for column in CONTRACT.feature_columns) for event in parts.events}
    assert not events & {tuple(question.row.values()) for question in parts.questions}
    assert all(CONTRACT.target in event for event in parts.events)


def test_a_half_that_is_too_small_for_a_dataset_is_refused_with_the_numbers():
    with pytest.raises(DataFileError, match=r"half of the 998 rows are 499 events.*at least 500"):
        halves(generate(998), CONTRACT, 20)


def test_of_a_large_half_rows_from_all_over_it_are_played(monkeypatch):
    monkeypatch.setattr(streamed, "MOST_EVENTS", 100)
    contract = dataclasses.replace(CONTRACT, min_rows=10)
    rows = generate(1000).decode().splitlines()
    parts = halves("\n".join(rows).encode(), contract, 3)
    assert len(parts.events) == 100
    assert list(parts.events[1].values()) == rows[1 + 10].split(",")


def test_numbers_are_numbers_and_what_is_missing_is_null():
    row = {column.name: "1" for column in CONTRACT.feature_columns}
    row |= {"total_bedrooms": "", "ocean_proximity": " INLAND"}
    asked, label = as_json(Question(row=row, actual="452600.0"), CONTRACT)
    assert asked == {**dict.fromkeys(row, 1.0), "total_bedrooms": None, "ocean_proximity": "INLAND"}
    assert label == 452600.0
    assert json.dumps(asked)


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ({"accepted": 8}, "every event accepted or refused"),
        ({"closed_rows": 10}, "each accepted event in the closed hours once"),
        ({"sent": 1, "accepted": 0, "closed_rows": 0}, "each accepted event"),
        ({"predictions": [], "labels_accepted": 0}, "a prediction"),
        ({"labels_accepted": 1}, "a label for each prediction"),
        ({"label_files": []}, "the labels in the raw bucket"),
        ({"status_without_token": 200}, "closed without a token"),
        ({"status_without_scope": 200}, "closed to a token for predictions"),
    ],
)
def test_the_act_demands_what_its_title_says(change, lacks):
    stream_act.check(WENT_WELL)
    with pytest.raises(RehearsalError, match=lacks):
        stream_act.check(dataclasses.replace(WENT_WELL, **change))


class Bucket:
    """Objects by key, as boto3's client of S3 gives them."""

    def __init__(self):
        self.objects: dict[str, bytes] = {}
        self.read: list[str] = []

    def get_paginator(self, _):
        return self

    def paginate(self, Bucket, Prefix):
        return [{"Contents": [{"Key": key} for key in self.objects if key.startswith(Prefix)]}, {}]

    def get_object(self, Bucket, Key):
        self.read.append(Key)
        return {"Body": io.BytesIO(self.objects[Key])}


def parquet(*ids):
    buffer = io.BytesIO()
    pq.write_table(pa.table({"greenlight_event_id": list(ids)}), buffer)
    return buffer.getvalue()


def test_an_event_whose_batch_was_tried_twice_is_taken_once():
    bucket = Bucket()
    taken = Taken(bucket, "artifacts")
    assert taken.look() == 0
    bucket.objects[f"{layout.STREAM_EVENTS.prefix}2026-11-28T09/one.parquet"] = parquet("a", "b")
    bucket.objects[f"{layout.STREAM_REFUSED.prefix}2026-11-28T09/one.jsonl"] = b'{"place": "shard:1"}\n'
    assert taken.look() == 3
    bucket.objects[f"{layout.STREAM_EVENTS.prefix}2026-11-28T09/two.parquet"] = parquet("b", "c")
    assert taken.look() == 4
    assert (taken.accepted, taken.refused, taken.files) == ({"a", "b", "c"}, {"shard:1"}, 2)
    assert len(bucket.read) == 3


def test_only_the_act_that_was_asked_for_is_played_and_its_failure_is_the_rehearsal_s(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipeline.toml").write_text(SHIPPED)
    (tmp_path / "houses.csv").write_bytes(generate(1200))
    monkeypatch.setenv("DATA", str(tmp_path / "houses.csv"))
    monkeypatch.setenv("ACTS", "stream")
    monkeypatch.setattr(performance, "_play", lambda *_: pytest.fail("the acts of every day were played"))

    def fail(display, content, runs, speed):
        assert content == (tmp_path / "houses.csv").read_bytes()
        raise RehearsalError("the stream ran dry")

    monkeypatch.setattr(stream_act, "play", fail)
    assert performance.main() == 1
    assert "the stream ran dry" in capsys.readouterr().out
    monkeypatch.setattr(stream_act, "play", lambda *_: None)
    assert performance.main() == 0
