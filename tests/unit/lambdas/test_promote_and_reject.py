"""What a promotion and a rejection leave in registries, endpoint and alarms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from contracts.errors import ArchiveChangedError, EndpointBusyError
from contracts.settings import PromoteChampionSettings, RejectChallengerSettings
from lambdas.deployments.cleaning import expendable, of_pipeline
from lambdas.promote_champion.handler import handler as promote
from lambdas.reject_challenger.handler import handler as reject
from tests.unit import documents
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeCloudWatch, FakeMlflow, FakeSageMaker

JOB, OLD = "housing-dev-0123456789abcdef", "housing-dev-fedcba9876543210"
COMMON = {
    "endpoint_name": "housing-dev",
    "model_package_group_name": "housing-dev-models",
    "mlflow_tracking_uri": "arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/app-1",
    "registered_model_name": "housing-dev",
    "rollback_alarm_prefix": "housing-dev-green-",
}
DEPLOYMENT = documents.DEPLOYMENT.as_document()


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(
        monkeypatch, PromoteChampionSettings(**COMMON, keep_versions="2", metric_namespace="Greenlight/x")
    )
    set_environment(monkeypatch, RejectChallengerSettings(**COMMON))


def alarms_of(cloudwatch: FakeCloudWatch, config: str) -> None:
    for what in ("error-rate", "latency"):
        cloudwatch.do_put_metric_alarm(AlarmName=f"housing-dev-green-{config}-{what}")


def registered(sagemaker: FakeSageMaker) -> dict[str, Any]:
    arn = sagemaker.add_package(JOB, status="PendingManualApproval", deployments_recorded="true")
    return {
        "model_package_arn": arn,
        "model_package_version": sagemaker.package(arn)["ModelPackageVersion"],
        "serving_image_uri": "111122223333.dkr.ecr.us-east-1.amazonaws.com/r@sha256:ab",
        "mlflow_model_version": "2",
        "model_data_uri": f"s3://a/training/{JOB}.tar.gz",
        "model_hash": "d" * 64,
    }


def serve(
    sagemaker: FakeSageMaker, uri: str = f"s3://a/training/{JOB}.tar.gz", found: str = "d" * 64
) -> None:
    """The challenger's model, as DeployModel made it, in service."""
    sagemaker.in_service(JOB)
    sagemaker.containers[JOB] = {"ModelDataUrl": uri, "Environment": {"EXPECTED_MODEL_HASH": found}}


@pytest.mark.parametrize("other", [{"uri": "s3://a/training/other.tar.gz"}, {"found": "e" * 64}])
def test_a_model_that_is_not_what_was_evaluated_is_not_promoted(
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    mlflow: FakeMlflow,
    context: Context,
    other: dict[str, str],
) -> None:
    event = promotion(registered(sagemaker))
    serve(sagemaker, **other)
    with pytest.raises(ArchiveChangedError, match="was evaluated"):
        promote(event, context)
    assert sagemaker.packages[-1]["ModelApprovalStatus"] == "PendingManualApproval"


def promotion(registration: dict[str, Any]) -> dict[str, Any]:
    return {"now": "2026-11-22T02:50:00Z", "registration": registration, "deployment": DEPLOYMENT}


def test_a_promotion_approves_the_package_and_moves_the_aliases(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    previous = sagemaker.add_package(OLD)
    registration = registered(sagemaker)
    serve(sagemaker)
    mlflow.aliases = {"champion": "1", "challenger": "2"}
    answer = promote(promotion(registration), context)
    assert answer["champion_arn"] == registration["model_package_arn"]
    assert answer["previous_champion_arn"] == previous
    assert sagemaker.packages[-1]["ModelApprovalStatus"] == "Approved"
    recorded = sagemaker.packages[-1]["CustomerMetadataProperties"]["promoted_at"]
    assert recorded == "2026-11-22T02:50:00.000+00:00"
    assert mlflow.aliases == {"champion": "2"}
    assert mlflow.tags["1", "status"] == "archived"


def test_an_execution_that_passes_no_time_yet_is_promoted_and_recorded(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    """It began before a stack update, and goes on with the definition that it began with."""
    event = promotion(registered(sagemaker))
    del event["now"]
    serve(sagemaker)
    promote(event, context)
    recorded = sagemaker.packages[-1]["CustomerMetadataProperties"]["promoted_at"]
    assert datetime.fromisoformat(recorded).tzinfo is not None


def test_a_promotion_repeated_ends_the_same(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    event = promotion(registered(sagemaker))
    serve(sagemaker)
    alarms_of(cloudwatch, JOB)
    promote(event, context)
    before = (dict(mlflow.aliases), [dict(package) for package in sagemaker.packages])
    promote(event, context)
    assert (mlflow.aliases, sagemaker.packages) == before


def test_a_newer_challenger_keeps_its_alias(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    serve(sagemaker)
    mlflow.aliases = {"challenger": "3"}
    promote(promotion(registered(sagemaker)), context)
    assert mlflow.aliases == {"champion": "2", "challenger": "3"}


def test_a_promotion_deletes_its_own_alarms_and_no_others(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    alarms_of(cloudwatch, JOB)
    alarms_of(cloudwatch, OLD)
    serve(sagemaker)
    promote(promotion(registered(sagemaker)), context)
    assert list(cloudwatch.alarms) == [
        f"housing-dev-green-{OLD}-error-rate",
        f"housing-dev-green-{OLD}-latency",
    ]


def test_the_last_versions_stay_for_a_manual_rollback_and_older_ones_go(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    names = [JOB, *(f"housing-dev-{i:016x}" for i in range(5, 0, -1))]
    other = "housing-dev-two-" + "0" * 16
    sagemaker.configs, sagemaker.models = [*names, other], [*names, other]
    serve(sagemaker)
    answer = promote(promotion(registered(sagemaker)), context)
    assert answer["deleted"] == names[3:]
    assert sagemaker.configs == sagemaker.models == [*names[:3], other]


def test_what_is_in_use_is_never_expendable() -> None:
    assert expendable(["d", "c", "b", "a"], keep=1, in_use={"a", "d"}) == ["b"]
    assert expendable(["a"], keep=3, in_use=set()) == []


def test_names_of_another_pipeline_are_left_alone() -> None:
    names = [JOB, "housing-dev-x-0123456789abcdef", "housing-dev-short", f"{JOB}-rollback"]
    assert of_pipeline(names, "housing-dev") == [JOB, f"{JOB}-rollback"]


def rejecting(sagemaker: FakeSageMaker, deployed: bool = True) -> dict[str, Any]:
    event = {
        "training_job_name": JOB,
        "mlflow_run_id": "run-1",
        "registration": registered(sagemaker),
        "reason": "DeploymentRolledBackError:\n5xx at 31 %",
    }
    return {**event, "deployment": DEPLOYMENT} if deployed else event


def test_a_rejection_leaves_no_alias_alarm_config_or_model(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    sagemaker.in_service(OLD)
    sagemaker.configs, sagemaker.models = [JOB, OLD], [JOB, OLD]
    alarms_of(cloudwatch, JOB)
    mlflow.aliases = {"champion": "1", "challenger": "2"}
    event = rejecting(sagemaker)
    assert reject(event, context)["kept"] is False
    assert sagemaker.packages[-1]["ModelApprovalStatus"] == "Rejected"
    assert sagemaker.packages[-1]["ApprovalDescription"] == "DeploymentRolledBackError: 5xx at 31 %"
    assert (sagemaker.configs, sagemaker.models, cloudwatch.alarms) == ([OLD], [OLD], {})
    assert mlflow.aliases == {"champion": "1"}
    assert mlflow.tags["2", "status"] == "rejected"
    reject(event, context)


def test_a_challenger_that_was_never_deployed_only_leaves_the_registries(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    sagemaker.in_service(OLD)
    sagemaker.configs = [OLD]
    reject(rejecting(sagemaker, deployed=False), context)
    assert sagemaker.packages[-1]["ModelApprovalStatus"] == "Rejected"
    assert sagemaker.configs == [OLD]


def test_a_superseded_challenger_does_not_wait_for_the_deployment_of_another(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    sagemaker.updating(OLD, f"{OLD[:-1]}1")
    reject(rejecting(sagemaker, deployed=False), context)
    assert sagemaker.packages[-1]["ModelApprovalStatus"] == "Rejected"


def test_what_was_left_half_done_without_a_report_is_found_by_the_training_job(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    registered(sagemaker)
    sagemaker.in_service(OLD)
    sagemaker.configs, sagemaker.models = [JOB, OLD], [JOB, OLD]
    alarms_of(cloudwatch, JOB)
    mlflow.aliases = {"champion": "1", "challenger": "2"}
    mlflow.versions["run-1"] = "2"
    reject({"training_job_name": JOB, "mlflow_run_id": "run-1", "reason": "LeaseLostError: gone"}, context)
    assert sagemaker.packages[-1]["ModelApprovalStatus"] == "Rejected"
    assert (sagemaker.configs, sagemaker.models, cloudwatch.alarms) == ([OLD], [OLD], {})
    assert mlflow.aliases == {"champion": "1"}


def test_a_challenger_of_which_nothing_exists_is_rejected_without_a_fuss(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    sagemaker.in_service(OLD)
    event = {"training_job_name": JOB, "mlflow_run_id": "run-1", "reason": "MlflowRequestError: no"}
    assert reject(event, context)["kept"] is False
    assert sagemaker.packages == []


def test_a_deployment_given_up_is_rolled_back_by_its_own_alarm_first(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    sagemaker.updating(OLD, JOB)
    sagemaker.configs = sagemaker.models = [JOB]
    alarms_of(cloudwatch, JOB)
    event = rejecting(sagemaker)
    with pytest.raises(EndpointBusyError, match="Updating"):
        reject(event, context)
    assert cloudwatch.alarms[f"housing-dev-green-{JOB}-error-rate"]["StateValue"] == "ALARM"
    assert sagemaker.configs == [JOB]
    sagemaker.in_service(OLD)
    assert reject(event, context)["deleted"] == JOB


def test_an_endpoint_that_could_not_be_created_is_deleted_first(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    sagemaker.endpoint = {"EndpointStatus": "Failed", "EndpointConfigName": JOB}
    sagemaker.configs, sagemaker.models = [JOB], [JOB]
    event = rejecting(sagemaker)
    for _ in range(2):  # asked to delete, then still deleting
        with pytest.raises(EndpointBusyError):
            reject(event, context)
    reject(event, context)
    left: tuple[object, ...] = (sagemaker.endpoint, sagemaker.configs, sagemaker.models)
    assert left == (None, [], [])


def test_a_challenger_that_serves_is_kept_for_an_operator_to_decide_on(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    serve(sagemaker)
    sagemaker.configs = [JOB]
    answer = reject(rejecting(sagemaker), context)
    assert answer["kept"] is True
    assert sagemaker.packages[-1]["ModelApprovalStatus"] == "PendingManualApproval"
    assert sagemaker.configs == [JOB]


def test_a_rejection_after_the_endpoint_was_deleted_still_cleans_up(
    sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, mlflow: FakeMlflow, context: Context
) -> None:
    sagemaker.configs, sagemaker.models = [JOB], [JOB]
    alarms_of(cloudwatch, JOB)
    reject(rejecting(sagemaker), context)
    assert (sagemaker.configs, sagemaker.models, cloudwatch.alarms) == ([], [], {})
