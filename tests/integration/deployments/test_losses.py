"""What a deployment costs those who call the endpoint, counted by a client that sends nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.integration.deployments.conftest import SPEED
from tests.integration.deployments.stage import Model
from tests.integration.deployments.traffic import Sent

pytestmark = pytest.mark.deployments

RATE = 200.0
ERROR_SHARE = 0.03
WALL_SLACK_SECONDS = 2.0
INJECTED = "an injected fault"


def by_answer(requests: Sequence[Sent]) -> Counter[str]:
    return Counter(request.answer if request.status == 200 else "failed" for request in requests)


def home_seconds(requests: Sequence[Sent], blue: Model, *, fails: bool) -> float:
    """Wall seconds from the first bad response to the last request that still went to the green fleet."""
    to_green = [request for request in requests if request.answer != blue.answer]
    bad = [request for request in to_green if request.status != 200] if fails else to_green
    return max(request.sent for request in to_green) - min(request.answered for request in bad)


def test_a_healthy_canary_takes_over_and_no_request_is_lost(stage):
    blue, green = stage.champion, stage.challenger()
    with stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        requests = traffic.stop()
    assert ended.outcome == "Promoted", ended.cause
    stage.champion = green
    assert set(by_answer(requests)) == {blue.answer, green.answer}
    stage.assert_nothing_left(green)


@pytest.mark.parametrize("period_seconds", [60, 120])
def test_a_rollback_fails_only_what_the_canarys_own_model_failed_and_is_quick(stage, period_seconds):
    stage.policy(baking_seconds=600, alarm_period_seconds=period_seconds)  # only an alarm ends the canary
    blue, green = stage.champion, stage.challenger()
    stage.faults.put({"error_share": ERROR_SHARE}, endpoint_config=green.job)
    with stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        requests = traffic.stop()
    assert ended.outcome == "DeploymentRolledBackError", ended
    failed = [request for request in requests if request.status != 200]
    assert all(INJECTED in request.answer for request in failed)
    assert stage.served(blue.job, "Invocation5XXErrors") == 0
    assert stage.served(green.job, "Invocation5XXErrors") == len(failed)
    came_home(stage, requests, blue, fails=True)
    stage.assert_nothing_left(blue)


@pytest.mark.parametrize(
    ("fault", "bound", "alarm"),
    [
        ({"nonsense": True}, {}, "predictions"),
        ({"delay_ms": 300}, {"max_model_latency_us": 200_000}, "latency"),
    ],
    ids=["nonsense", "delay"],
)
def test_what_is_wrong_or_slow_and_does_not_fail_comes_home_as_quickly(stage, fault, bound, alarm):
    stage.policy(baking_seconds=600, **bound)
    blue, green = stage.champion, stage.challenger()
    stage.faults.put(fault, endpoint_config=green.job)
    with stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        requests = traffic.stop()
    assert ended.outcome == "DeploymentRolledBackError", ended
    assert alarm in ended.cause
    assert {request.status for request in requests} == {200}
    came_home(stage, requests, blue, fails=False)
    stage.assert_nothing_left(blue)


def came_home(stage, requests: Sequence[Sent], blue: Model, *, fails: bool) -> None:
    """Two alarm periods after the first response that counts, and a little of the wall's time."""
    period = stage.alarm_period_seconds / SPEED
    seconds = home_seconds(requests, blue, fails=fails)
    lost = sum(request.status != 200 for request in requests)
    print(
        f"{len(requests)} requests, {lost} lost; home after {seconds:.2f} s, {seconds / period:.1f} periods"
    )
    assert seconds <= 2 * period + WALL_SLACK_SECONDS
