"""`[stream]`, and the tables that are not built."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from contracts.stream import Stream

SHIPPED = tomllib.loads((Path(__file__).parents[3] / "pipeline.toml").read_text(encoding="utf-8"))


def read(**tables: object) -> PipelineConfig:
    return PipelineConfig.from_document({**SHIPPED, **tables})


def test_without_the_table_there_is_no_stream_and_with_it_both_stages_have_one():
    assert not read().stream.opens("dev")
    found = read(stream={"source": "kinesis"}).stream
    assert found.opens("dev")
    assert found.opens("prod")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"stream": {"source": "kafka"}}, r"stream\.source: 'kafka' is not deployed by this version"),
        ({"stream": {"source": "pulsar"}}, r"stream\.source: 'pulsar' is not one of kinesis, kafka"),
        ({"stream": {"source": "kinesis", "stages": ["test"]}}, r"stream\.stages: 'test'"),
        ({"stream": {"source": "kinesis", "event_time": "event_id"}}, r"stream\.event_time: is 'event_id'"),
        ({"stream": {"source": "kinesis", "max_age_hours": 72}}, r"stream\.retention_hours: 48 is under"),
        ({"stream": {"source": "kinesis", "shards": 2}}, "shards"),
        ({"stream": {"source": "kinesis"}, "network": {"vpc": True}}, r"stream\.stages: 'dev' runs in a VPC"),
    ],
)
def test_what_can_t_be_is_refused_by_its_key_with_the_way_on(tables, message):
    with pytest.raises(PipelineConfigError, match=message):
        read(**tables)


def test_a_split_by_place_and_a_stream_do_not_go_together():
    with pytest.raises(PipelineConfigError, match="rows have no places in one file"):
        read(stream={"source": "kinesis"}, split={"by": "position"})


GIVEN: dict[str, Any] = {
    "event_id": "id",
    "event_time": "at",
    "allowed_lateness_minutes": 16,
    "duplicate_hours": 25,
    "train_every_hours": 26,
    "dataset_hours": 721,
    "batch_size": 1001,
    "batch_window_seconds": 6,
    "max_attempts": 11,
    "max_age_hours": 23,
    "retention_hours": 49,
}


def test_whatever_is_given_is_what_counts_key_by_key():
    found = read(stream={"source": "kinesis", "stages": ["dev"], **GIVEN}).stream
    assert found == Stream(stages=("dev",), source="kinesis", **GIVEN)
    assert not [key for key, value in GIVEN.items() if value == getattr(Stream(), key)]


@pytest.mark.parametrize("key", GIVEN)
def test_a_key_that_is_not_given_has_the_classs_own_default(key):
    assert getattr(read(stream={"source": "kinesis"}).stream, key) == getattr(Stream(), key)


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [
        ("allowed_lateness_minutes", 0, 1440),
        ("duplicate_hours", 1, 168),
        ("train_every_hours", 1, 8760),
        ("batch_size", 1, 10_000),
        ("batch_window_seconds", 0, 300),
        ("max_attempts", 0, 10_000),
        ("max_age_hours", 1, 168),
        ("retention_hours", 24, 8760),
    ],
)
def test_what_lambda_and_kinesis_do_not_take_is_refused_and_their_limits_are_not(key, least, most):
    """Lambda API reference, CreateEventSourceMapping; Kinesis quotas, "Retention period"."""

    def read_with(value: int) -> int:
        room = {"retention_hours": 8760, "max_age_hours": 1}
        found: int = getattr(read(stream={"source": "kinesis", **room, key: value}).stream, key)
        return found

    assert (read_with(least), read_with(most)) == (least, most)
    for beyond in (least - 1, most + 1):
        with pytest.raises(PipelineConfigError, match=rf"stream\.{key}"):
            read_with(beyond)
