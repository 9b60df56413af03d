"""`[batch]` is off unless it is asked for, and says of each mistake where it is."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from contracts.batch import NONE, BatchScoring
from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError, Table

SHIPPED = tomllib.loads((Path(__file__).parents[3] / "pipeline.toml").read_text(encoding="utf-8"))


def read(**values: Any) -> BatchScoring:
    return BatchScoring.read(Table(values, "pipeline.toml", "batch"), ("dev", "prod"))


def test_the_shipped_file_and_an_older_one_answer_no_files():
    older = {key: value for key, value in SHIPPED.items() if key != "batch"}
    assert PipelineConfig.from_document(older).batch == NONE
    shipped = PipelineConfig.from_document(SHIPPED).batch
    assert not any(shipped.runs(stage) for stage in ("dev", "prod"))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"stages": ["test"]}, "batch.stages: 'test' is not one of dev, prod"),
        ({"instance_type": "large"}, "batch.instance_type"),
        ({"payload_mb": 0}, "batch.payload_mb: 0 is outside 1 to 100"),
        (
            {"payload_mb": 30, "concurrency": 4},
            "batch.concurrency: 4 requests of 30 MB are more than the 100 MB",
        ),
        ({"bucket": "x"}, "batch.bucket: is not a known key here"),
    ],
)
def test_a_mistake_is_named(values: dict[str, Any], reason: str):
    with pytest.raises(PipelineConfigError, match=reason):
        read(**values)


def test_a_stage_in_a_vpc_is_refused_with_the_way_on():
    document = {**SHIPPED, "network": {"vpc": True, "stages": ["prod"]}, "batch": {"stages": ["prod"]}}
    with pytest.raises(
        PipelineConfigError, match=r"batch.stages: 'prod' runs in a VPC of its own.*take the stage"
    ):
        PipelineConfig.from_document(document)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"experiment": {"arms": 2}}, "experiment: no experiment runs on live traffic yet"),
        ({"routing": {"default": "champion"}}, "routing: nothing routes callers"),
    ],
)
def test_ways_to_move_traffic_that_are_not_built_are_refused_by_name(table: dict[str, Any], reason: str):
    with pytest.raises(PipelineConfigError, match=reason):
        PipelineConfig.from_document({**SHIPPED, **table})
