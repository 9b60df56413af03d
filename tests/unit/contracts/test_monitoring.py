"""`[monitoring]` is off without its table, and says what is wrong where something is."""

from __future__ import annotations

import json
from typing import Any

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


GIVEN: dict[str, Any] = {
    "stages": ("prod",),
    "schedule": "rate(2 hours)",
    "time_zone": "Europe/Paris",
    "window_hours": 48,
    "capture_delay_minutes": 11,
    "min_rows": 201,
    "false_alarm_rate": 0.02,
    "min_effect_share": 0.03,
    "label_delay_hours": 25,
    "label_days": 31,
    "max_decay_share": 0.06,
}
RETRAINING: dict[str, Any] = {
    "enabled": False,
    "on_drift": False,
    "on_decay": False,
    "every_days": 9,
    "min_new_rows": 501,
    "cooldown_hours": 25,
    "max_per_week": 4,
    "stop_after_rejected": 5,
}


def test_whatever_is_given_is_what_counts_key_by_key():
    found = read(**{**GIVEN, "stages": ["prod"]}, retraining=RETRAINING)
    assert found == Monitoring(**GIVEN, retraining=Retraining(**RETRAINING))
    assert not [key for key, value in GIVEN.items() if value == getattr(OFF, key)]
    own = Retraining(enabled=True)
    assert not [key for key, value in RETRAINING.items() if value == getattr(own, key)]


@pytest.mark.parametrize("key", GIVEN)
def test_a_key_that_is_not_given_has_the_classs_own_default(key):
    assert getattr(read(), key) == (STAGES if key == "stages" else getattr(Monitoring(), key))


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
