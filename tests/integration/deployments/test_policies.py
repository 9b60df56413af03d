"""Each way of moving traffic, from the policy to the champion."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.deployments

POLICIES: dict[str, tuple[dict[str, Any], list[int]]] = {
    "all at once": ({"strategy": "all_at_once", "instance_count": 1, "baking_seconds": 60}, [1]),
    "canary of one instance": (
        {"canary_percent": 0, "canary_instances": 1, "instance_count": 3, "baking_seconds": 60},
        [1, 3],
    ),
    "linear by a third": (
        {
            "strategy": "linear",
            "linear_step_percent": 0,
            "linear_step_instances": 1,
            "instance_count": 3,
            "baking_seconds": 60,
        },
        [1, 2, 3],
    ),
}


@pytest.mark.parametrize(("policy", "steps"), POLICIES.values(), ids=POLICIES)
def test_traffic_moves_in_the_policys_steps_and_none_is_lost(stage, policy, steps):
    stage.policy(**policy)
    blue, green = stage.champion, stage.challenger()
    with stage.traffic(40.0) as traffic:
        arn = stage.start(green)
        for instances in steps:
            stage.until_baking(instances, of=green)
        ended = stage.ended(arn)
        requests = traffic.stop()
    assert ended.outcome == "Promoted", ended.cause
    stage.champion = green
    assert {(r.status, r.answer) for r in requests} == {(200, blue.answer), (200, green.answer)}
    (variant,) = stage.cloud.endpoint()["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == policy["instance_count"]
    stage.assert_nothing_left(green)


@pytest.mark.parametrize("name", ["all at once", "linear by a third"])
def test_a_bad_model_is_taken_back_whatever_the_strategy(stage, name):
    stage.policy(**POLICIES[name][0], termination_wait_seconds=300)
    green = stage.challenger()
    stage.faults.put({"error_share": 0.5}, endpoint_config=green.job)
    with stage.traffic(40.0):
        ended = stage.deploy(green)
    assert ended.outcome == "DeploymentRolledBackError", ended
    assert "error-rate" in ended.cause
    stage.assert_nothing_left(stage.champion)
