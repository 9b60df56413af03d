"""`[scaling]` is off unless it is asked for, and says of each mistake where it is."""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError, Table
from contracts.scaling import FIXED, FleetScaling

SHIPPED = tomllib.loads((Path(__file__).parents[3] / "pipeline.toml").read_text(encoding="utf-8"))
MORNING = {"name": "morning", "schedule": "cron(0 7 ? * MON-FRI *)", "min_instances": 4, "max_instances": 8}


def read(**values: Any) -> FleetScaling:
    return FleetScaling.read(Table(values, "pipeline.toml", "scaling"), ("dev", "prod"))


def test_a_file_without_it_scales_nothing():
    assert PipelineConfig.from_document(SHIPPED).scaling == FIXED
    assert not any(FIXED.scales(stage) for stage in ("dev", "prod"))


def test_a_stage_reads_back_what_the_stack_wrote():
    found = read(stages=["prod"], max_p99_ms=50, schedules=[MORNING])
    again = FleetScaling.from_document(json.loads(json.dumps(found.as_document())))
    assert again.schedules == found.schedules
    assert again.fingerprint == found.fingerprint
    assert read(max_p99_ms=51, schedules=[MORNING]).fingerprint != found.fingerprint


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"stages": ["test"]}, "scaling.stages: 'test' is not one of dev, prod"),
        ({"min_instances": 9, "max_instances": 3}, "scaling.min_instances: 9 are more than"),
        ({"min_instances": 0}, "scaling.min_instances: 0 is outside 1 to 1000"),
        ({"p99": 1}, "scaling.p99: is not a known key here"),
        ({"schedules": [MORNING, MORNING]}, "scaling.schedules: two are named 'morning'"),
        ({"schedules": [{**MORNING, "schedule": "daily"}]}, r"scaling.schedules\[0\].schedule: 'daily' is"),
        ({"schedules": [{**MORNING, "min_instances": 9}]}, r"schedules\[0\].min_instances: 9 are more"),
        ({"schedules": [{**MORNING, "time_zone": "Mars"}]}, r"schedules\[0\].time_zone: 'Mars'"),
        ({"schedules": [{**MORNING, "name": "A b"}]}, r"schedules\[0\].name: 'A b' must be"),
    ],
)
def test_a_mistake_is_named_with_its_key(values: dict[str, Any], reason: str):
    with pytest.raises(PipelineConfigError, match=reason):
        read(**values)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"scaling": {"stages": ["dev"], "min_instances": 3}}, "deployment.dev.instance_count: 2 is outside"),
        (
            {"scaling": {"stages": ["dev"]}, "network": {"vpc": True}},
            "scaling.stages: 'dev' runs in a VPC of its own",
        ),
        (
            {"scaling": {"stages": ["dev"]}, "deployment": SHIPPED["deployment"]},
            "deployment.dev.instance_type: SageMaker scales no burstable instances such as ml.t2.medium",
        ),
    ],
    ids=["starts outside of its bounds", "no way out of the VPC", "burstable"],
)
def test_what_cannot_work_is_refused_with_the_stage(changed: dict[str, Any], reason: str):
    document = copy.deepcopy(SHIPPED)
    document["deployment"]["dev"]["instance_type"] = "ml.m5.large"
    document |= changed
    with pytest.raises(PipelineConfigError, match=reason):
        PipelineConfig.from_document(document)
