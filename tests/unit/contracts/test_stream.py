"""`[stream]`, and the tables that are not built."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError

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
        ({"sources": [{"uri": "gs://a/b"}]}, "sources: nothing pulls data yet"),
    ],
)
def test_what_can_t_be_is_refused_by_its_key_with_the_way_on(tables, message):
    with pytest.raises(PipelineConfigError, match=message):
        read(**tables)


def test_a_split_by_place_and_a_stream_do_not_go_together():
    with pytest.raises(PipelineConfigError, match="rows have no places in one file"):
        read(stream={"source": "kinesis"}, split={"by": "position"})
