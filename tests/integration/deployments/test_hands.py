"""A person, a cleaning script or a neighbour changes what a deployment rests on, outside of the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.chaos import datasets
from tests.chaos.cloud import Ending
from tests.integration.deployments.stage import PATIENCE_SECONDS, Model, Stage
from tests.integration.deployments.test_rollback import rollback

pytestmark = pytest.mark.deployments


@pytest.fixture(autouse=True)
def _nothing_to_wait_for(stage: Stage) -> None:
    """Most of these are about other things than proof."""
    stage.policy(min_green_requests=0, evidence_wait_seconds=0, when_unproven="promote")


def delete_alarms(stage: Stage) -> None:
    cloudwatch = stage.cloud.client("cloudwatch")
    cloudwatch.delete_alarms(AlarmNames=sorted(stage.cloud.green_alarms()))


def silence_alarms(stage: Stage) -> None:
    cloudwatch = stage.cloud.client("cloudwatch")
    cloudwatch.disable_alarm_actions(AlarmNames=sorted(stage.cloud.green_alarms()))


@pytest.mark.parametrize("hand", [delete_alarms, silence_alarms])
def test_a_deployment_whose_alarms_a_hand_takes_away_goes_home(stage: Stage, hand):
    """Also while half of the new model's answers are server errors, which its alarms would have told."""
    challenger = stage.challenger()
    stage.faults.put({"error_share": 0.5}, endpoint_config=challenger.job)
    with stage.traffic(20.0):
        arn = stage.start(challenger)
        stage.until(lambda: stage.cloud.endpoint()["EndpointStatus"] == "Updating", "the deployment")
        hand(stage)
        ended = stage.ended(arn)
    assert ended.outcome == "DeploymentUnguardedError", ended.cause
    assert f"{challenger.job}-error-rate" in ended.cause
    assert stage.package_of(challenger)["ModelApprovalStatus"] == "Rejected"
    stage.assert_nothing_left(stage.champion)
    stage.assert_no_trace_of(challenger)


def test_alarms_deleted_after_the_bake_while_proof_is_waited_for_send_it_home_too(stage: Stage):
    stage.policy(min_green_requests=1_000_000, evidence_wait_seconds=86_400)
    challenger = stage.challenger()
    arn = stage.start(challenger)
    stage.until(lambda: stage.cloud.endpoint().get("EndpointConfigName") == challenger.job, "all traffic")
    stage.until(lambda: stage.cloud.endpoint()["EndpointStatus"] == "InService", "SageMaker to be done")
    assert stage.describe(arn)["status"] == "RUNNING"
    delete_alarms(stage)
    ended = stage.ended(arn)
    assert ended.outcome == "DeploymentUnguardedError", ended.cause
    assert "ReturnHome" in stage.states_entered(arn)
    stage.assert_nothing_left(stage.champion)
    stage.assert_no_trace_of(challenger)


def test_without_requests_a_model_is_promoted_and_marked_or_goes_home_by_the_policy(stage: Stage):
    stage.policy(min_green_requests=5, evidence_wait_seconds=30, when_unproven="reject")
    challenger = stage.challenger()
    ended = stage.deploy(challenger)
    assert ended.outcome == "DeploymentUnguardedError"
    assert "answered 0 of 5 requests within 30 s" in ended.cause
    stage.assert_nothing_left(stage.champion)
    stage.policy(min_green_requests=5, evidence_wait_seconds=30, when_unproven="promote")
    marked = stage.challenger()
    assert stage.deploy(marked).outcome == "Promoted"
    stage.champion = marked
    assert stage.package_of(marked)["CustomerMetadataProperties"]["proof"] == "unproven"
    stage.assert_nothing_left(marked)


def test_with_requests_enough_a_model_is_proven(stage: Stage):
    stage.policy(min_green_requests=5, evidence_wait_seconds=600, when_unproven="reject")
    challenger = stage.challenger()
    with stage.traffic(20.0):
        ended = stage.deploy(challenger)
    assert ended.outcome == "Promoted", ended.cause
    stage.champion = challenger
    assert stage.package_of(challenger)["CustomerMetadataProperties"]["proof"] == "proven"


def test_a_fleet_scaled_by_hand_keeps_its_size(stage: Stage):
    sizes = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    endpoint = stage.cloud.outputs["EndpointName"]
    stage.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint, DesiredWeightsAndCapacities=sizes
    )
    stage.until(lambda: stage.cloud.endpoint()["EndpointStatus"] == "InService", "three instances")
    challenger = stage.challenger()
    assert stage.deploy(challenger).outcome == "Promoted"
    stage.champion = challenger
    (variant,) = stage.cloud.endpoint()["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == 3


def promoted(stage: Stage) -> Model:
    model = stage.challenger()
    assert stage.deploy(model).outcome == "Promoted"
    stage.champion = model
    return model


def statuses(stage: Stage, *models: Model) -> list[str]:
    return [stage.package_of(model)["ModelApprovalStatus"] for model in models]


def test_a_serving_model_that_a_person_rejects_is_left_for_the_one_before_it(stage: Stage, project: Path):
    first, second, third = stage.champion, promoted(stage), promoted(stage)
    arn = stage.package_of(third)["ModelPackageArn"]
    stage.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    version = stage.package_of(second)["ModelPackageVersion"]
    done = rollback(stage, project, "--version", str(version))
    assert done.returncode == 0, done.stdout + done.stderr
    stage.champion = second
    assert statuses(stage, first, second, third) == ["Approved", "Approved", "Rejected"]
    stage.assert_nothing_left(second)


def test_without_a_version_it_goes_one_step_back_and_blames_nobody_else(stage: Stage, project: Path):
    first, second, third = stage.champion, promoted(stage), promoted(stage)
    arn = stage.package_of(third)["ModelPackageArn"]
    stage.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    done = rollback(stage, project)
    assert done.returncode == 0, done.stdout + done.stderr
    stage.champion = second
    assert statuses(stage, first, second, third) == ["Approved", "Approved", "Rejected"]
    stage.assert_nothing_left(second)


def test_a_deleted_endpoint_comes_back_with_its_champion_by_one_command(stage: Stage, project: Path):
    champion = stage.champion
    without_endpoint(stage)
    done = rollback(stage, project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert statuses(stage, champion) == ["Approved"]
    stage.assert_nothing_left(champion)


def without_endpoint(stage: Stage) -> None:
    """Delete the endpoint, and wait until it is gone."""

    def is_gone() -> bool:
        try:
            return not stage.cloud.endpoint()
        except ClientError:  # gone between listing and describing
            return True

    stage.until(stage.is_deleted, "the endpoint to be deleted")
    stage.until(is_gone, "the endpoint to be gone")


def uploaded(stage: Stage, name: str) -> Ending:
    ending = stage.cloud.wait(stage.cloud.upload(name, datasets.good(1)), PATIENCE_SECONDS)
    assert ending is not None, f"{name} did not end"
    assert ending.status == "SUCCEEDED", f"{name}: {ending.outcome}: {ending.cause}"
    stage.adopt(ending)
    return ending


def test_a_deleted_endpoint_comes_back_with_its_champion_though_the_upload_brings_nothing_new(stage: Stage):
    uploaded(stage, "trained")
    without_endpoint(stage)
    again = uploaded(stage, "again")
    assert again.output["preconditions"]["is_endpoint_lost"] is True
    assert again.outcome != "Promoted"
    found = stage.cloud.endpoint()
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", stage.champion.job)
    assert statuses(stage, stage.champion) == ["Approved"]


def test_uploads_that_miss_the_endpoint_at_the_same_time_bring_it_back_once(stage: Stage):
    without_endpoint(stage)
    uploads = [stage.cloud.upload(f"at-once-{number}", datasets.good(7)) for number in range(3)]
    endings = [stage.cloud.wait(upload, PATIENCE_SECONDS) for upload in uploads]
    assert [ending and (ending.status, ending.cause) for ending in endings] == [("SUCCEEDED", "")] * 3
    for ending in endings:
        if ending and stage.cloud.endpoint()["EndpointConfigName"] == ending.output["training"]["job_name"]:
            stage.adopt(ending)
    listed = stage.cloud.client("stepfunctions").list_executions(
        stateMachineArn=stage.cloud.outputs["StateMachineArn"], statusFilter="FAILED"
    )
    assert not [item["name"] for item in listed["executions"] if item["name"].startswith("restore-")]
    assert stage.cloud.endpoint()["EndpointStatus"] == "InService"
