"""`make rebuild STAGE=... VERSION=N`: make a registered model again from what its manifest records.

It runs one training job on the same dataset version, image, configuration and seed, with the estimator and
parameters that were found then: nothing is searched, no run is logged, nothing is registered or deployed.
Then it compares the hashes. Equal bits are promised for the same image on processors of the same features:
sums of floats depend on both. Whoever runs it needs to read the package, the job and its archive, to write
one object below `datasets/`, to create a training job and to pass it the training role.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contracts import layout
from operations.deployed import DeployedStage, NotDeployedError

POLL_SECONDS = 5.0
_SAME = (
    "RoleArn",
    "ResourceConfig",
    "StoppingCondition",
    "VpcConfig",
    "EnableNetworkIsolation",
    "OutputDataConfig",
)
_CHANNEL = ("ChannelName", "ContentType", "InputMode", "DataSource")
# What a rebuilt model is not logged to.
_TRACKING = "MLFLOW_"
# A hyperparameter's limit (SageMaker API Reference, `CreateTrainingJob`).
_VALUE_LENGTH = 2500


class NotRebuildableError(Exception):
    """The version is unknown, or older than the record that this needs."""


@dataclass(frozen=True)
class Comparison:
    """`is_same` tells that every bit is; `is_fitted_same` that the fitted model is, before calibration,
    threshold and residuals were chosen by out-of-fold answers: a search has others than a fit alone gives."""

    is_same: bool
    is_fitted_same: bool
    reasons: tuple[str, ...]


def hyperparameters(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What makes a job fit that choice and search nothing."""
    seed = {"seed": str(manifest["seed"])}
    if members := manifest.get("members"):
        chosen = {"members": json.dumps(members)}
    else:
        chosen = {"estimator": manifest["estimator"], "parameters": json.dumps(manifest["parameters"])}
    if any(len(value) > _VALUE_LENGTH for value in chosen.values()):
        raise NotRebuildableError(
            f"the parameters are longer than a hyperparameter's {_VALUE_LENGTH} characters"
        )
    return {**seed, **chosen}


def job_request(
    name: str, job: Mapping[str, Any], manifest: Mapping[str, Any], *, image_uri: str, contract_uri: str
) -> dict[str, Any]:
    """CreateTrainingJob: as DescribeTrainingJob tells of the first, by digest and with the choice given."""
    channels = [{key: c[key] for key in _CHANNEL if key in c} for c in job["InputDataConfig"]]
    for channel in channels:
        if channel["ChannelName"] == "contract":
            source = {**channel["DataSource"]["S3DataSource"], "S3Uri": contract_uri}
            channel["DataSource"] = {"S3DataSource": source}
    environment = {k: v for k, v in job.get("Environment", {}).items() if not k.startswith(_TRACKING)}
    return {
        "TrainingJobName": name,
        **{key: job[key] for key in _SAME if job.get(key) is not None},
        "AlgorithmSpecification": {"TrainingImage": image_uri, "TrainingInputMode": "File"},
        "InputDataConfig": channels,
        "HyperParameters": hyperparameters(manifest),
        "Environment": {**environment, "EXECUTION_NAME": name},
    }


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """Two manifests' hashes; where they differ, what else does."""
    is_same = before["model_hash"] == after["model_hash"]
    fitted = before.get("fitted_hash")
    is_fitted_same = is_same or (fitted is not None and fitted == after.get("fitted_hash"))
    reasons = [
        f"{key}: {before.get(key)} then, {after.get(key)} now"
        for key in ("dataset_version", "threads", "cpu_features", "seed")
        if before.get(key) != after.get(key)
    ]
    return Comparison(is_same, is_fitted_same, () if is_same else tuple(reasons))


class Rebuild:
    """The calls of one rebuild, by the caller's own credentials."""

    def __init__(self, stage: DeployedStage, pause: Callable[[float], None] = time.sleep) -> None:
        self._stage, self._pause = stage, pause
        self._sagemaker, self._s3 = stage.session.client("sagemaker"), stage.session.client("s3")

    def run(self, version: int, now: datetime, tell: Callable[[str], None]) -> Comparison:
        """Raises NotRebuildableError."""
        package = self._package(version)
        properties = package["CustomerMetadataProperties"]
        manifest = self._manifest(package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"])
        if "configuration" not in manifest:
            raise NotRebuildableError(f"version {version} is older than the record of its configuration")
        job = self._sagemaker.describe_training_job(TrainingJobName=properties["training_job_name"])
        name = f"{self._stage.names.prefix}-rebuild-{version}-{now:%Y%m%dT%H%M%S}"
        image = properties.get("training_image_uri") or job["AlgorithmSpecification"]["TrainingImage"]
        contract_uri = self._lay_out(manifest["configuration"])
        request = job_request(name, job, manifest, image_uri=image, contract_uri=contract_uri)
        self._sagemaker.create_training_job(**request)
        tell(f"{name} trains {manifest['estimator']} on dataset {manifest['dataset_version']}")
        uri = self._wait(name)
        return compare(manifest, self._manifest(uri))

    def _package(self, version: int) -> dict[str, Any]:
        group = self._stage.outputs["ModelPackageGroupName"]
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
        for summary in (item for page in pages for item in page["ModelPackageSummaryList"]):
            if summary.get("ModelPackageVersion") == version:
                found: dict[str, Any] = self._sagemaker.describe_model_package(
                    ModelPackageName=summary["ModelPackageArn"]
                )
                return found
        raise NotRebuildableError(f"{group} has no version {version}")

    def _manifest(self, uri: str) -> dict[str, Any]:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            for member in archive:
                if member.name.rpartition("/")[2] == "manifest.json" and (
                    file := archive.extractfile(member)
                ):
                    found: dict[str, Any] = json.load(file)
                    return found
        raise NotRebuildableError(f"{uri} has no manifest.json")

    def _lay_out(self, configuration: Mapping[str, Any]) -> str:
        """The configuration as it was, where training jobs may read one; the dataset's own may be newer."""
        text = json.dumps(configuration, sort_keys=True)
        bucket = self._stage.outputs["ArtifactBucketName"]
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        place = layout.dataset(bucket, f"rebuild-{digest}")
        key = place.contract_file.removeprefix(f"s3://{bucket}/")
        self._s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
        return place.contract

    def _wait(self, name: str) -> str:
        while (job := self._sagemaker.describe_training_job(TrainingJobName=name))["TrainingJobStatus"] in (
            "InProgress",
            "Stopping",
        ):
            self._pause(POLL_SECONDS)
        if job["TrainingJobStatus"] != "Completed":
            raise NotRebuildableError(
                f"{name} ended {job['TrainingJobStatus']}: {job.get('FailureReason', '')}"
            )
        return str(job["ModelArtifacts"]["S3ModelArtifacts"])


def told(found: Comparison) -> str:
    """What it came to, in words."""
    if found.is_same:
        return "The same model, bit by bit."
    why = "; ".join(found.reasons) or "nothing that is recorded differs"
    if found.is_fitted_same:
        return (
            "The fitted model is the same bit by bit. What was chosen by the search's own out-of-fold answers"
            f" (calibration, threshold, residuals) is not: {why}."
        )
    return f"Another model: {why}. Equal bits are promised on the same image and processor features alone."


def main(arguments: Sequence[str] | None = None) -> None:
    import boto3

    parser = argparse.ArgumentParser("python -m operations.rebuild", description=__doc__)
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--version", type=int, required=True, help="model package version")
    given = parser.parse_args(arguments)
    rebuild = Rebuild(DeployedStage(given.stage, boto3.Session()))
    try:
        found = rebuild.run(given.version, datetime.now(UTC), lambda text: print(text, flush=True))
    except (NotDeployedError, NotRebuildableError) as error:
        sys.exit(str(error))
    print(told(found))
    sys.exit(0 if found.is_fitted_same else 1)


if __name__ == "__main__":
    main()
