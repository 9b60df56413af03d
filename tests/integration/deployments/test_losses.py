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


def home_seconds(requests: Sequence[Sent], green: Model) -> float:
    """Wall seconds from the first failure to the last request that still went to the green fleet."""
    failed = [request.answered for request in requests if request.status != 200]
    to_green = [r.sent for r in requests if r.answer == green.answer or r.status != 200]
    return max(to_green) - min(failed)


def test_a_healthy_canary_takes_over_and_no_request_is_lost(stage):
    blue, green = stage.champion, stage.challenger()
    with stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        requests = traffic.stop()
    assert ended.outcome == "Promoted", ended.cause
    stage.champion = green
    assert set(by_answer(requests)) == {blue.answer, green.answer}
    stage.assert_nothing_left(green)


def test_a_rollback_fails_only_what_the_canarys_own_model_failed_and_is_quick(stage):
    stage.policy(baking_seconds=450)  # so that only an alarm can end the canary
    blue, green = stage.champion, stage.challenger()
    stage.faults.put({"error_share": ERROR_SHARE}, endpoint_config=green.job)
    with stage.traffic(RATE) as traffic:
        ended = stage.deploy(green)
        requests = traffic.stop()
    assert ended.outcome == "DeploymentRolledBackError", ended
    failed = [request for request in requests if request.status != 200]
    print(len(requests), by_answer(requests), home_seconds(requests, green) if failed else None)
    assert all(INJECTED in request.answer for request in failed)
    assert stage.served(blue.job, "Invocation5XXErrors") == 0
    assert stage.served(green.job, "Invocation5XXErrors") == len(failed)
    bound = 2 * stage.alarm_period_seconds / SPEED + WALL_SLACK_SECONDS
    assert home_seconds(requests, green) <= bound
    stage.assert_nothing_left(blue)
