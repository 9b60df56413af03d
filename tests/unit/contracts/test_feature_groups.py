"""`[[feature_groups]]`: what a group may be, and what is refused by its key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from contracts import feature_groups
from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError

SHIPPED = tomllib.loads((Path(__file__).parents[3] / "pipeline.toml").read_text(encoding="utf-8"))
GROUP = {"name": "houses", "entity": "house", "features": ["median_income", "ocean_proximity"]}


def read(*groups: dict[str, Any], stream: dict[str, Any] | None = None) -> PipelineConfig:
    opened = {"source": "kinesis"} if stream is None else stream
    document = {**SHIPPED, "feature_groups": list(groups), **({"stream": opened} if opened else {})}
    return PipelineConfig.from_document(document)


def test_the_shipped_file_has_none_and_a_group_is_at_every_stage_unless_it_says_which():
    assert PipelineConfig.from_document(SHIPPED).feature_groups == ()
    assert read(GROUP).feature_groups[0].stages == ("dev", "prod")


def test_an_aggregate_names_function_column_and_window():
    (group,) = read(
        {**GROUP, "aggregates": {"m": 'mean(population, "7d")', "n": ' count( "90m" ) '}}
    ).feature_groups
    assert [(one.function, one.column, one.window_seconds) for one in group.aggregates] == [
        ("mean", "population", 604_800),
        ("count", "", 5400),
    ]
    kinds = group.kinds(read(GROUP).dataset)
    assert kinds == {
        "median_income": "Fractional",
        "ocean_proximity": "String",
        "m": "Fractional",
        "n": "Integral",
    }


def test_versions_stand_beside_each_other_and_the_greatest_serves():
    groups = read(GROUP, {**GROUP, "version": 2, "features": ["population"]}).feature_groups
    assert len(feature_groups.at(groups, "dev")) == 2
    assert [one.version for one in feature_groups.serving(groups, "dev")] == [2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Houses"}, r"feature_groups\[0\]\.name: 'Houses' must be lower-case"),
        ({"entity": "a house"}, r"entity: 'a house' is no feature's name"),
        ({"entity": "event_id"}, "entity 'event_id' is the event's id or time"),
        ({"features": ["rooms"]}, "features: 'rooms' is not among the columns"),
        ({"features": []}, "features: there is neither a feature nor an aggregate"),
        ({"features": ["population", "population"]}, "features: 'population' stands twice"),
        ({"aggregates": {"m": "mean(population)"}}, r"aggregates\.m: 'mean\(population\)' is none of mean"),
        ({"aggregates": {"m": 'median(population, "1d")'}}, r"aggregates\.m: .* is none of mean"),
        ({"aggregates": {"m": 'mean("1d")'}}, r"aggregates\.m: mean needs a column"),
        ({"aggregates": {"m": 'mean(ocean_proximity, "1d")'}}, r"aggregates\.m: mean needs numbers"),
        ({"aggregates": {"m": 'mean(population, "900d")'}}, r"aggregates\.m: a window of"),
        ({"aggregates": {"population": 'mean(population, "1d")'}}, r"aggregates\.population: its name"),
        ({"aggregates": {"write_time": 'count("1d")'}}, "'write_time' is no feature's name"),
        ({"as_written": True, "aggregates": {"n": 'count("1d")'}}, "as_written: of a group with aggregates"),
        ({"ttl_hours": 1, "aggregates": {"n": 'count("1d")'}}, "ttl_hours: 1 is shorter"),
        ({"defaults": {"rooms": 1}}, "defaults: 'rooms' is none of"),
        ({"when_missing": "guess"}, "when_missing: 'guess' is not one of default, refuse, mark"),
        ({"window": "7d"}, "window: is not a known key"),
        ({"stages": ["test"]}, "stages: 'test' is not one of dev, prod"),
    ],
)
def test_what_can_t_be_is_refused_by_its_key(change, message):
    with pytest.raises(PipelineConfigError, match=message):
        read({**GROUP, **change})


def test_a_group_needs_a_stream_at_its_stage():
    with pytest.raises(PipelineConfigError, match="'houses' is to be at 'prod', where no stream writes it"):
        read(GROUP, stream={"source": "kinesis", "stages": ["dev"]})
    with pytest.raises(PipelineConfigError, match="where no stream writes it"):
        read(GROUP, stream={})


def test_one_version_stands_once_and_aggregates_are_about_one_entity():
    with pytest.raises(PipelineConfigError, match="'houses' has version 1 twice"):
        read(GROUP, GROUP)
    counted = {**GROUP, "aggregates": {"n": 'count("1d")'}}
    with pytest.raises(PipelineConfigError, match="differ in their entity"):
        read(counted, {**counted, "name": "streets", "entity": "street"})
