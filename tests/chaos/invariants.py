"""What must hold once an upload's execution has ended, whatever went wrong on the way."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.chaos.cloud import POLL_SECONDS, ChaosCloud
from tests.chaos.datasets import Line

TRAINING_JOB = "training_job_name"
MLFLOW_VERSION = "mlflow_model_version"
PROMOTED_AT = "promoted_at"


@dataclass(frozen=True)
class Champion:
    """The model that serves, and the line whose data it was trained on."""

    training_job: str
    line: Line


def settle(cloud: ChaosCloud, patience_seconds: float) -> list[str]:
    """Wait until nothing moves any more; what still does when the patience ends."""
    deadline = time.monotonic() + patience_seconds
    while True:
        moving = list(_moving(cloud))
        if not moving or time.monotonic() > deadline:
            return moving
        time.sleep(POLL_SECONDS)


def _moving(cloud: ChaosCloud) -> Iterator[str]:
    if waiting := cloud.waiting_messages():
        yield f"{waiting} messages wait on the upload queue"
    if executions := cloud.running_executions():
        yield f"executions still run: {', '.join(executions)}"
    if jobs := cloud.unfinished_jobs():
        yield f"training jobs still run: {', '.join(sorted(jobs))}"
    status = cloud.endpoint().get("EndpointStatus", "InService")
    if status != "InService":
        yield f"the endpoint is {status}"
    containers = cloud.faults.containers()
    if any(item["target"] == "training" for item in containers):
        yield "a training container still runs"
    wanted = _instances(cloud.endpoint())
    serving = sum(item["target"] == "endpoint" for item in containers)
    if serving != wanted:
        yield f"{serving} serving containers run for {wanted} instances"


def violations(cloud: ChaosCloud, champion: Champion | None) -> list[str]:
    """Everything that is not as it must be while `champion` is the right one to serve."""
    return [*_half_done(cloud), *_wrong_champion(cloud, champion), *_orphans(cloud)]


def _half_done(cloud: ChaosCloud) -> Iterator[str]:
    holder = cloud.lease().get("holder", "")
    if holder:
        yield f"the lease is still held by {holder}"
    packages = cloud.packages()
    for package in packages:
        if package["ModelApprovalStatus"] == "PendingManualApproval":
            yield f"{package['ModelPackageArn']} still awaits its verdict"
    for job, count in Counter(_job_of(package) for package in packages).items():
        if count > 1:
            yield f"{count} model packages for training job {job}"
    if cloud.alias("challenger"):
        yield f"the alias challenger still names version {cloud.alias('challenger')}"


def _wrong_champion(cloud: ChaosCloud, champion: Champion | None) -> Iterator[str]:
    endpoint = cloud.endpoint()
    if champion is None:
        if endpoint:
            yield f"an endpoint serves {endpoint['EndpointConfigName']}, and nothing was promoted"
        return
    if endpoint.get("EndpointStatus") != "InService":
        yield f"the endpoint is {endpoint.get('EndpointStatus', 'gone')}"
        return
    if endpoint["EndpointConfigName"] != champion.training_job:
        yield f"{endpoint['EndpointConfigName']} serves, not {champion.training_job}"
    last = _promoted_last(cloud)
    if _job_of(last) != champion.training_job:
        yield f"the package promoted last is {_job_of(last) or 'none'}, not {champion.training_job}"
    elif cloud.alias("champion") != last["CustomerMetadataProperties"][MLFLOW_VERSION]:
        yield f"the alias champion names version {cloud.alias('champion')}"
    row, wanted = champion.line.probe()
    answered = cloud.ask(row)
    if abs(answered - wanted) > 0.5:
        yield f"the endpoint answers {answered}, and the champion would say {wanted}"


def _promoted_last(cloud: ChaosCloud) -> dict[str, Any]:
    """Of the approved ones; after a rollback by hand that is none of the newest."""
    approved = [package for package in cloud.packages() if package["ModelApprovalStatus"] == "Approved"]
    return max(approved, key=_promoted_at, default={})


def _promoted_at(package: dict[str, Any]) -> str:
    return str(package["CustomerMetadataProperties"].get(PROMOTED_AT, ""))


def _orphans(cloud: ChaosCloud) -> Iterator[str]:
    packages = {
        _job_of(package) for package in cloud.packages() if package["ModelApprovalStatus"] == "Approved"
    }
    configs, models = cloud.configs(), cloud.models()
    if configs != models:
        yield f"models and endpoint configs differ: {sorted(configs ^ models)}"
    if extra := configs - packages:
        yield f"endpoint configs of models that were never approved: {sorted(extra)}"
    if len(configs) > 3:
        yield f"{len(configs)} endpoint configs are left"
    if alarms := cloud.green_alarms():
        yield f"alarms of a deployment that is over: {sorted(alarms)}"


def _job_of(package: dict[str, Any]) -> str:
    return str(package.get("CustomerMetadataProperties", {}).get(TRAINING_JOB, ""))


def _instances(endpoint: dict[str, Any]) -> int:
    return sum(variant.get("CurrentInstanceCount", 0) for variant in endpoint.get("ProductionVariants", []))
