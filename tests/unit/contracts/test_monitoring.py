"""`[monitoring]` is off without its table, and says what is wrong where something is."""

from __future__ import annotations

import json

import pytest

from contracts.monitoring import OFF, Monitoring, Retraining, refusal_of
from contracts.pipeline_config import STAGES
from contracts.reading import PipelineConfigError, Table


def read(**values: object) -> Monitoring:
    return Monitoring.read(Table(values, "pipeline.toml", "monitoring"), STAGES)


def test_without_its_table_no_stage_is_watched():
    assert not any(OFF.watches(stage) for stage in STAGES)


def test_the_table_alone_watches_every_stage_and_retrains_none():
    found = read()
    assert all(found.watches(stage) for stage in STAGES)
    assert not found.retraining.enabled


def test_retraining_is_on_where_its_table_is():
    assert read(retraining={}).retraining == Retraining(enabled=True)


def test_a_function_reads_the_policy_that_the_stack_wrote():
    found = read(stages=["prod"], retraining={"every_days": 7})
    assert Monitoring.from_document(json.loads(json.dumps(found.as_document()))) == found


@pytest.mark.parametrize(
    "expression", ["rate(1 hour)", "rate(15 minutes)", "cron(15 * * * ? *)", "cron(0 3 ? * MON *)"]
)
def test_what_the_scheduler_takes_is_taken(expression):
    assert refusal_of(expression) == ""


@pytest.mark.parametrize(
    "expression",
    [
        "banana",
        "rate(0 hours)",
        "rate(1 hours)",
        "rate(2 hour)",
        "cron(15 * * * *)",
        "cron(15 * * * * *)",
        "rate(5 weeks)",
    ],
)
def test_what_the_scheduler_refuses_is_refused_before_it_is_asked(expression):
    with pytest.raises(PipelineConfigError, match=r"pipeline\.toml: monitoring\.schedule"):
        read(schedule=expression)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"stages": ["test"]}, "stages"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"label_days": 1, "label_delay_hours": 24}, "label_delay_hours"),
        ({"min_rows": 10}, "min_rows"),
        ({"false_alarm_rate": 0.0}, "false_alarm_rate"),
        ({"retraining": {"cooldown": 3}}, "retraining.cooldown"),
        ({"windows": 3}, "windows"),
    ],
)
def test_a_mistake_is_named_by_its_key(values, key):
    with pytest.raises(PipelineConfigError, match=f"monitoring.{key}"):
        read(**values)
