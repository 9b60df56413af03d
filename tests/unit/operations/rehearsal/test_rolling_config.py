"""The act's pipeline.toml rolls dev and answers files; whatever else was there stays."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from contracts.pipeline_config import PipelineConfig
from operations.rehearsal.rolling_config import FLEET_INSTANCES, rolling
from operations.rehearsal.watch import RehearsalError

SHIPPED = (Path(__file__).parents[4] / "pipeline.toml").read_text(encoding="utf-8")


def test_dev_rolls_instance_by_instance_and_answers_files_and_all_else_is_as_it_was(tmp_path):
    path = tmp_path / "pipeline.toml"
    path.write_text(rolling(SHIPPED), encoding="utf-8")
    policy = PipelineConfig.load(path).deployments["dev"]
    assert (policy.strategy, policy.shift_count) == ("rolling", FLEET_INSTANCES)
    assert PipelineConfig.load(path).batch.runs("dev")
    before, after = tomllib.loads(SHIPPED), tomllib.loads(rolling(SHIPPED))
    for document in (before, after):
        del document["deployment"]["dev"], document["batch"]
    assert before == after


def test_the_stage_s_own_bounds_and_alarms_are_kept():
    text = SHIPPED.replace("max_model_latency_us = 1000000 ", "max_model_latency_us = 1234 ")
    text = text.replace("[deployment.dev]", "[deployment.dev]\nmetric_delay_seconds = 240", 1)
    dev = tomllib.loads(rolling(text))["deployment"]["dev"]
    assert (dev["max_model_latency_us"], dev["baking_seconds"]) == (1234, 60 + 240)
    assert "termination_wait_seconds" not in dev


def test_a_file_without_batch_gains_it_and_one_with_batch_keeps_its_sizes():
    without = SHIPPED[: SHIPPED.index("[batch]")]
    assert tomllib.loads(rolling(without))["batch"] == {"stages": ["dev"]}
    sized = f"{without}[batch]\nstages = []\npayload_mb = 2\n"
    assert tomllib.loads(rolling(sized))["batch"] == {"stages": ["dev"], "payload_mb": 2}


@pytest.mark.parametrize(
    "text",
    ['[deployment]\ndev = {strategy = "canary"}\n', "[deployment.dev]\nx = 1\nstarted = 2026-01-01\n"],
    ids=["inline", "date"],
)
def test_tables_that_can_t_be_written_anew_are_refused_with_the_way_on(text):
    with pytest.raises(RehearsalError, match="this act"):
        rolling(text)


def test_what_is_no_toml_is_left_to_synthesis_which_says_what_is_wrong():
    assert rolling("[dataset\n") == "[dataset\n"
