"""What a hand in the account may do, by the interfaces that anybody in the account has."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.cloud import NAMES, ChaosCloud

ANYTIME = (
    "CheckPreconditions",
    "IngestData",
    "TrainModel",
    "EvaluateModel",
    "RegisterModel",
    "AcquireLease",
    "DeployModel",
    "WaitForBake",
    "CheckDeployment",
    "PromoteChampion",
    "ReleaseLease",
)
DEPLOYING = ("DeployModel", "WaitForBake", "CheckDeployment")
REGISTERED = ("RegisterModel", "AcquireLease", *DEPLOYING, "PromoteChampion")


@dataclass(frozen=True)
class Scene:
    """The cloud, and the training jobs of champion and challenger, which name all that belongs to them."""

    cloud: ChaosCloud
    champion: str
    challenger: str


Act = Callable[[Scene], bool]
"""Returns whether there was anything to lay a hand on."""


@dataclass(frozen=True)
class Hand:
    """`leaves` are parts of what the invariants say of its doing alone; `guards` says that it takes away what
    watches a deployment; after one that `spoils`, the cloud is thrown away."""

    name: str
    act: Act
    moments: tuple[str, ...] = ANYTIME
    leaves: tuple[str, ...] = ()
    guards: bool = False
    spoils: bool = False
    mend: Callable[[ChaosCloud], None] | None = None


def _delete_alarm(scene: Scene) -> bool:
    names = sorted(scene.cloud.green_alarms())
    if names:
        scene.cloud.client("cloudwatch").delete_alarms(AlarmNames=names[:1])
    return bool(names)


def _change_alarm(scene: Scene) -> bool:
    """Raise its threshold so far that it never fires."""
    cloudwatch = scene.cloud.client("cloudwatch")
    found = cloudwatch.describe_alarms(AlarmNames=sorted(scene.cloud.green_alarms()) or ["none"])
    asked = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    for alarm in found["MetricAlarms"][:1]:
        kept = {key: value for key, value in alarm.items() if key in asked}
        cloudwatch.put_metric_alarm(**{**kept, "Threshold": alarm["Threshold"] + 1e6})
    return bool(found["MetricAlarms"])


def _silence_alarms(scene: Scene) -> bool:
    names = sorted(scene.cloud.green_alarms())
    if names:
        scene.cloud.client("cloudwatch").disable_alarm_actions(AlarmNames=names)
    return bool(names)


def _delete_endpoint(scene: Scene) -> bool:
    scene.cloud.client("sagemaker").delete_endpoint(EndpointName=NAMES.endpoint)
    return True


def _delete_config(scene: Scene) -> bool:
    scene.cloud.client("sagemaker").delete_endpoint_config(EndpointConfigName=scene.champion)
    return True


def _delete_new_config(scene: Scene) -> bool:
    scene.cloud.client("sagemaker").delete_endpoint_config(EndpointConfigName=scene.challenger)
    return True


def _delete_model(scene: Scene) -> bool:
    scene.cloud.client("sagemaker").delete_model(ModelName=scene.champion)
    return True


def _decide(job: Callable[[Scene], str], status: str) -> Act:
    def act(scene: Scene) -> bool:
        for package in scene.cloud.packages():
            if package["CustomerMetadataProperties"].get("training_job_name") == job(scene):
                scene.cloud.client("sagemaker").update_model_package(
                    ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus=status
                )
                return True
        return False

    return act


def _approve_what_is_kept(cloud: ChaosCloud) -> None:
    """Whoever rejected a champion thinks better of it, as long as there is something left to go back to."""
    for config in cloud.configs():
        _decide(lambda scene: scene.champion, "Approved")(Scene(cloud, config, ""))


def _move_alias(scene: Scene) -> bool:
    body = {"name": NAMES.registered_model, "alias": "champion", "version": "1"}
    scene.cloud.mlflow("registered-models/alias", method="POST", body=body)
    return True


def _drop_alias(scene: Scene) -> bool:
    body = {"name": NAMES.registered_model, "alias": "champion"}
    scene.cloud.mlflow("registered-models/alias", method="DELETE", body=body)
    return True


def _replace_archive(scene: Scene) -> bool:
    key = f"training/{scene.challenger}/output/model.tar.gz"
    bucket = scene.cloud.outputs["ArtifactBucketName"]
    scene.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=b"another model")
    return True


def _delete_archive(scene: Scene) -> bool:
    """What the challenger is served from."""
    for package in scene.cloud.packages():
        if package["CustomerMetadataProperties"].get("training_job_name") == scene.challenger:
            uri = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            scene.cloud.client("s3").delete_object(Bucket=bucket, Key=key)
            return True
    return False


def _experiment(cloud: ChaosCloud) -> Mapping[str, Any]:
    found = cloud.mlflow("experiments/get-by-name", {"experiment_name": NAMES.experiment})
    return dict(found.get("experiment", {}))


def _delete_experiment(scene: Scene) -> bool:
    body = {"experiment_id": _experiment(scene.cloud)["experiment_id"]}
    scene.cloud.mlflow("experiments/delete", method="POST", body=body)
    return True


def _restore_experiment(cloud: ChaosCloud) -> None:
    found = _experiment(cloud)
    if found["lifecycle_stage"] == "deleted":
        body = {"experiment_id": found["experiment_id"]}
        cloud.mlflow("experiments/restore", method="POST", body=body)


def _delete_lease(scene: Scene) -> bool:
    key = {"endpoint_name": {"S": NAMES.endpoint}}
    table = scene.cloud.client("dynamodb")
    gone = table.delete_item(TableName=NAMES.lease_table, Key=key, ReturnValues="ALL_OLD")
    return "Attributes" in gone


def _untag_endpoint(scene: Scene) -> bool:
    arn = scene.cloud.endpoint().get("EndpointArn")
    if not arn:
        return False
    sagemaker = scene.cloud.client("sagemaker")
    keys = [tag["Key"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]]
    keys = [key for key in keys if not key.startswith("aws:")]
    if keys:
        sagemaker.delete_tags(ResourceArn=arn, TagKeys=keys)
    return bool(keys)


def _scale(count: int) -> Callable[[ChaosCloud], None]:
    def scale(cloud: ChaosCloud) -> None:
        wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
        cloud.client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=NAMES.endpoint, DesiredWeightsAndCapacities=wanted
        )

    return scale


def _scale_out(scene: Scene) -> bool:
    _scale(3)(scene.cloud)
    return True


def is_told(cloud: ChaosCloud) -> bool:
    """Whether the standing check would tell operators now, as it does every five minutes."""
    answer = cloud.client("lambda").invoke(FunctionName=NAMES.function("CheckStanding"), Payload=b"{}")
    found = json.loads(answer["Payload"].read())
    return bool(found["needs_a_person"])


HANDS = (
    Hand("deletes an alarm", _delete_alarm, DEPLOYING, guards=True),
    Hand("raises an alarm's threshold", _change_alarm, DEPLOYING, guards=True),
    Hand("silences the alarms", _silence_alarms, DEPLOYING, guards=True),
    Hand("deletes the endpoint", _delete_endpoint, leaves=("the endpoint is gone",)),
    Hand("deletes the champion's config", _delete_config, leaves=("models and endpoint",), spoils=True),
    Hand("deletes the challenger's config", _delete_new_config, DEPLOYING, ("models and",), spoils=True),
    Hand("deletes the champion's model", _delete_model, leaves=("models and endpoint",), spoils=True),
    Hand(
        "rejects the champion",
        _decide(lambda scene: scene.champion, "Rejected"),
        leaves=("the package promoted last", "configs of models that were never approved"),
        mend=_approve_what_is_kept,
    ),
    Hand("approves the challenger", _decide(lambda scene: scene.challenger, "Approved"), REGISTERED),
    Hand("moves the alias", _move_alias, leaves=("the alias champion",)),
    Hand("drops the alias", _drop_alias, leaves=("the alias champion",)),
    Hand("replaces the archive", _replace_archive, ("EvaluateModel", *REGISTERED)),
    Hand("deletes the archive", _delete_archive, REGISTERED, spoils=True),
    Hand("deletes the experiment", _delete_experiment, mend=_restore_experiment),
    Hand("deletes the lease", _delete_lease),
    Hand("takes the endpoint's tags", _untag_endpoint),
    Hand("scales the endpoint", _scale_out, mend=_scale(2)),
)
