"""Several who want the endpoint at once, and an endpoint that goes away."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.chaos.cloud import NAMES

pytestmark = pytest.mark.deployments

DELETED_MEANWHILE = {"strategy": "all_at_once", "baking_seconds": 480, "termination_wait_seconds": 45}
"""No bake, a short wait, and a check only every minute: an operator's deletion comes before the next one."""


def test_of_two_deployments_the_second_waits_for_the_first(stage):
    first, second = stage.challenger(), stage.challenger()
    stage.faults.put({"error_share": 0.5}, endpoint_config=first.job)
    with stage.traffic(40.0):
        earlier = stage.start(first)
        stage.until_baking(1, of=first)
        later = stage.start(second)
        assert stage.ended(earlier).outcome == "DeploymentRolledBackError"
        assert stage.ended(later).outcome == "Promoted"
    stage.champion = second
    lost, gained = stage.served_between(earlier), stage.served_between(later)
    assert lost[1] <= gained[0], "both deployed at once"
    stage.assert_nothing_left(second)


def test_a_verdict_about_a_former_champion_is_made_anew_before_the_second_deploys(stage):
    first, second = stage.challenger(), stage.challenger(scale=3.0)
    earlier = stage.start(first)
    stage.until_baking(1, of=first)
    later = stage.start(second)
    assert stage.ended(earlier).outcome == "Promoted"
    stage.champion = first
    ended = stage.ended(later)
    assert ended.outcome == "ChallengerRejected", ended.cause
    assert stage.package_of(second)["ModelApprovalStatus"] == "Rejected"
    stage.assert_nothing_left(first)


def test_an_update_from_elsewhere_is_waited_for(stage):
    green = stage.challenger()
    stage.sagemaker.update_endpoint(EndpointName=NAMES.endpoint, EndpointConfigName=stage.champion.job)
    ended = stage.deploy(green)
    assert ended.outcome == "Promoted", ended.cause
    stage.champion = green
    stage.assert_nothing_left(green)


def test_an_endpoint_cannot_be_deleted_while_it_changes_and_the_attempt_does_no_harm(stage):
    green = stage.challenger()
    arn = stage.start(green)
    stage.until_baking(1, of=green)
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        stage.sagemaker.delete_endpoint(EndpointName=NAMES.endpoint)
    assert stage.ended(arn).outcome == "Promoted"
    stage.champion = green
    stage.assert_nothing_left(green)


def test_an_endpoint_deleted_in_the_middle_fails_the_deployment_and_the_next_one_creates_it(stage):
    stage.policy(**DELETED_MEANWHILE)
    green = stage.challenger()
    arn = stage.start(green)
    stage.until_baking(2, of=green)
    stage.until(lambda: stage.is_deleted(), "the endpoint to be deleted")
    ended = stage.ended(arn)
    assert ended.outcome == "DeploymentFailedError", ended
    assert "deleted during the deployment" in ended.cause
    assert stage.package_of(green)["ModelApprovalStatus"] == "Rejected"
    stage.assert_no_trace_of(green)
    successor = stage.challenger()
    assert stage.deploy(successor).outcome == "Promoted"
    stage.champion = successor
    stage.assert_nothing_left(successor)
