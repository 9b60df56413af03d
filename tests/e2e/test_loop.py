"""The loop, whole: asked, watched, drifted, labelled late, decayed, trained anew, and through the gate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.host.launch import launch
from operations.rehearsal import fourth_act
from operations.rehearsal.fourth_act import ASKED, TRAINED

SPEED = 30.0
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Any]]:
    """What each run of the monitor said, and what became of the retraining."""
    with fourth_act.assembly() as out, launch(assembly=out, speed=SPEED) as cloud:
        yield fourth_act.tell(cloud, lambda when, what: print(when, what, flush=True))


def test_without_drift_the_monitor_is_silent(told):
    assert told["first"].outcome == "Promoted"
    assert told["same"]["drift"]["status"] == "NO_DRIFT"
    assert told["same"]["drift"]["rows"] == ASKED
    assert not told["same"]["publication"]["is_due"]
    assert told["same_alarm"] != "ALARM"


def test_what_moved_is_named_and_raises_the_alarm(told):
    assert told["drifted"]["drift"]["status"] == "DRIFT"
    assert {"median_income", "total_bedrooms"} <= set(told["drifted"]["drift"]["columns"])
    assert told["drifted_alarm"] == "ALARM"


def test_drift_alone_trains_nothing(told):
    assert not told["drifted"]["publication"]["is_due"]
    assert "retraining" not in told["drifted"]


def test_late_labels_show_the_decay(told):
    quality = told["decayed"]["quality"]
    assert quality["status"] == "DECAYED"
    assert quality["labelled_rows"] == ASKED
    assert quality["low"] > quality["promised"]
    assert told["decayed_alarm"] == "ALARM"


def test_a_retraining_takes_the_accepted_rows_and_the_labelled_ones_through_the_same_gate(told):
    started = told["decayed"]["retraining"]
    assert started["started"]
    assert started["new_rows"] == ASKED
    assert started["base_rows"] >= TRAINED * 0.95
    assert told["retrained"].outcome == "Promoted"
    evaluation = told["retrained"].output["evaluation"]
    assert evaluation["challenger"]["rmse_error"] < evaluation["champion"]["rmse_error"]


def test_the_alarm_is_over_when_nothing_moves_any_more(told):
    assert told["after"]["drift"]["status"] == "NO_DRIFT"
    assert told["after_alarm"] == "OK"
