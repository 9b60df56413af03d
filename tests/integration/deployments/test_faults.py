"""Each fault of a new model ends with the champion serving, and with nothing left of the other."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.deployments

RATE = 40.0
LINEAR = {"strategy": "linear", "linear_step_percent": 20, "instance_count": 5, "baking_seconds": 90}


def rolled_back(stage, green, ended, *, because):
    """The execution says why, the package keeps it, and the champion serves on as if nothing had been."""
    assert ended.outcome == "DeploymentRolledBackError", ended
    assert because in ended.cause
    package = stage.package_of(green)
    assert package["ModelApprovalStatus"] == "Rejected"
    assert because in package["ApprovalDescription"]
    stage.assert_nothing_left(stage.champion)
    return True


def test_a_green_fleet_that_never_answers_ping_gets_no_traffic(stage):
    green = stage.challenger()
    stage.faults.put({"no_ping": True}, endpoint_config=green.job)
    with stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        assert {(r.status, r.answer) for r in traffic.stop()} == {(200, stage.champion.answer)}
    assert rolled_back(stage, green, ended, because="did not pass the ping health check")


@pytest.mark.parametrize(
    ("policy", "instances"),
    [({"baking_seconds": 600}, 1), (LINEAR, 2), ({"termination_wait_seconds": 600}, 2)],
    ids=["during the canary", "during the shift", "during the termination wait"],
)
def test_a_green_fleet_that_crashes_is_rolled_back(stage, policy, instances):
    stage.policy(**policy)
    green = stage.challenger()
    with stage.traffic(RATE):
        arn = stage.start(green)
        stage.until_baking(instances, of=green)
        stage.faults.put({"crash_share": 1.0}, endpoint_config=green.job)
        ended = stage.ended(arn)
    assert rolled_back(stage, green, ended, because="error-rate")


@pytest.mark.parametrize("is_injected", [False, True], ids=["by itself", "injected"])
def test_a_model_that_answers_nonsense_of_the_right_form_is_rolled_back(stage, is_injected):
    stage.policy(baking_seconds=600)
    if is_injected:
        green = stage.challenger()
        stage.faults.put({"nonsense": True}, endpoint_config=green.job)
    else:
        green = stage.challenger(scale=-1000, knows_itself=False)
    with stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        assert {request.status for request in traffic.stop()} == {200}
    assert rolled_back(stage, green, ended, because="predictions")


def test_a_model_ten_times_slower_than_its_predecessor_is_rolled_back(stage):
    stage.policy(baking_seconds=600, max_model_latency_us=100_000)
    green = stage.challenger()
    stage.faults.put({"delay_ms": 30}, endpoint_config=stage.champion.job)
    stage.faults.put({"delay_ms": 300}, endpoint_config=green.job)
    with stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        assert {request.status for request in traffic.stop()} == {200}
    assert rolled_back(stage, green, ended, because="latency")


def test_errors_of_the_old_fleet_do_not_roll_a_healthy_one_back(stage):
    blue, green = stage.champion, stage.challenger()
    stage.faults.put({"error_share": 0.5}, endpoint_config=blue.job)
    with stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        requests = traffic.stop()
    assert ended.outcome == "Promoted", ended.cause
    stage.champion = green
    assert stage.served(blue.job, "Invocation5XXErrors") > 0
    assert {r.answer for r in requests if r.status == 200} == {blue.answer, green.answer}
    stage.assert_nothing_left(green)


def test_an_alarm_that_is_in_alarm_before_the_start_ends_the_deployment_before_any_traffic(stage):
    green = stage.challenger()
    with stage.bad_predictions_reported_of(green), stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        assert {(r.status, r.answer) for r in traffic.stop()} == {(200, stage.champion.answer)}
    assert rolled_back(stage, green, ended, because="predictions")
    assert stage.served(green.job) == 0
