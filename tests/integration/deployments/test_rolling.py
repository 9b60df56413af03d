"""A fleet that is replaced batch by batch: nothing is lost, and each fault of a new model brings the old one
back whole."""

from __future__ import annotations

import pytest

from tests.integration.deployments.test_faults import RATE, rolled_back

pytestmark = pytest.mark.deployments

WHOLE = 3
ROLLING = {
    "strategy": "rolling",
    "instance_count": WHOLE,
    "batch_percent": 0,
    "batch_instances": 1,
    "rollback_batch_percent": 100,
    "rollback_batch_instances": 0,
    "termination_wait_seconds": 0,
    "baking_seconds": 60,
}
BY_ONE = {"rollback_batch_percent": 0, "rollback_batch_instances": 1}


def instances(stage) -> tuple[int, int]:
    """Of the fleet that serves, as they are and as they are wanted."""
    (variant,) = stage.cloud.endpoint()["ProductionVariants"]
    return variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]


def test_a_healthy_model_takes_over_batch_by_batch_and_no_request_is_lost(stage):
    stage.policy(**ROLLING)
    blue, green = stage.champion, stage.challenger()
    there, _ = instances(stage)
    counts = []
    with stage.traffic(200.0) as traffic:
        arn = stage.start(green)
        for batch in range(1, WHOLE + 1):
            stage.until_baking(batch, of=green)
            counts.append(instances(stage)[0])
        ended = stage.ended(arn)
        requests = traffic.stop()
    assert ended.outcome == "Promoted", ended.cause
    stage.champion = green
    assert {(r.status, r.answer) for r in requests} == {(200, blue.answer), (200, green.answer)}
    left = [there - there * batch // WHOLE for batch in range(WHOLE)]
    assert counts == left, "each batch of the old fleet ends after the bake of the new one"
    assert instances(stage) == (WHOLE, WHOLE)
    stage.assert_nothing_left(green)


def test_a_first_batch_that_never_answers_ping_gets_no_traffic(stage):
    stage.policy(**ROLLING)
    green = stage.challenger()
    stage.faults.put({"no_ping": True}, endpoint_config=green.job)
    with stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        assert {(r.status, r.answer) for r in traffic.stop()} == {(200, stage.champion.answer)}
    assert rolled_back(stage, green, ended, because="did not pass the ping health check")


@pytest.mark.parametrize("back", [{}, BY_ONE], ids=["at once", "one by one"])
@pytest.mark.parametrize("batch", [1, 2])
def test_instances_that_crash_are_replaced_by_the_old_ones(stage, batch, back):
    stage.policy(**{**ROLLING, **back, "baking_seconds": 180})
    green, there = stage.challenger(), instances(stage)
    with stage.traffic(RATE):
        arn = stage.start(green)
        stage.until_baking(batch, of=green)
        stage.faults.put({"crash_share": 1.0}, endpoint_config=green.job)
        ended = stage.ended(arn)
    assert instances(stage) == there
    assert rolled_back(stage, green, ended, because="error-rate")


@pytest.mark.parametrize(
    ("fault", "bound", "alarm"),
    [
        ({"nonsense": True}, {}, "predictions"),
        ({"delay_ms": 300}, {"max_model_latency_us": 200_000}, "latency"),
        ({"error_share": 0.5}, {}, "error-rate"),
    ],
    ids=["nonsense", "slow", "errors"],
)
def test_a_model_that_is_wrong_slow_or_fails_is_taken_back(stage, fault, bound, alarm):
    stage.policy(**{**ROLLING, **BY_ONE, **bound, "baking_seconds": 180})
    green, there = stage.challenger(), instances(stage)
    stage.faults.put(fault, endpoint_config=green.job)
    with stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        requests = traffic.stop()
    assert instances(stage) == there
    failed = [request for request in requests if request.status != 200]
    assert bool(failed) == ("error_share" in fault)
    assert stage.served(stage.champion.job, "Invocation5XXErrors") == 0
    assert rolled_back(stage, green, ended, because=alarm)


def test_errors_of_the_old_instances_take_no_healthy_model_back(stage):
    stage.policy(**ROLLING)
    blue, green = stage.champion, stage.challenger()
    stage.faults.put({"error_share": 0.5}, endpoint_config=blue.job)
    with stage.traffic(RATE):
        ended = stage.deploy(green)
    assert ended.outcome == "Promoted", ended.cause
    stage.champion = green
    stage.assert_nothing_left(green)


def test_an_alarm_before_the_start_ends_the_deployment_before_any_traffic(stage):
    stage.policy(**ROLLING)
    green = stage.challenger()
    with stage.bad_predictions_reported_of(green), stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        assert {(r.status, r.answer) for r in traffic.stop()} == {(200, stage.champion.answer)}
    assert rolled_back(stage, green, ended, because="predictions")
    assert stage.served(green.job) == 0


def test_what_nobody_saw_answer_goes_home_by_the_same_batches(stage):
    stage.policy(**ROLLING, min_green_requests=10, evidence_wait_seconds=0, when_unproven="reject")
    green, there = stage.challenger(), instances(stage)
    ended = stage.deploy(green)
    stage.policy(min_green_requests=0, when_unproven="promote")
    assert ended.outcome == "DeploymentUnguardedError", ended
    deployed = stage.cloud.endpoint()["LastDeploymentConfig"]
    assert deployed["RollingUpdatePolicy"]["WaitIntervalInSeconds"] == 0
    assert instances(stage) == there
    stage.assert_nothing_left(stage.champion)
