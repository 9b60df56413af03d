"""A model is made again from its manifest: the same job, nothing searched, and the hashes compared."""

from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.names import Names
from operations.rebuild import NotRebuildableError, Rebuild, compare, hyperparameters, job_request, told

NOW = datetime(2026, 11, 22, 2, 50, tzinfo=UTC)
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/training@sha256:0"
MANIFEST: dict[str, Any] = {
    "estimator": "lightgbm",
    "parameters": {"n_estimators": 120},
    "seed": 7,
    "threads": 2,
    "cpu_features": ["X86_V3"],
    "dataset_version": "0a1b",
    "configuration": {"training": {"estimator": "auto"}},
    "model_hash": "a" * 64,
    "fitted_hash": "b" * 64,
}
JOB: dict[str, Any] = {
    "TrainingJobName": "housing-dev-1",
    "TrainingJobArn": "arn",
    "TrainingJobStatus": "Completed",
    "ModelArtifacts": {"S3ModelArtifacts": "s3://a/training/1/model.tar.gz"},
    "RoleArn": "arn:aws:iam::111122223333:role/training",
    "AlgorithmSpecification": {"TrainingImage": "training:tag", "MetricDefinitions": []},
    "InputDataConfig": [
        {
            "ChannelName": name,
            "CompressionType": "None",
            "InputMode": "File",
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://a/datasets/0a1b/{name}/"}
            },
        }
        for name in ("train", "contract")
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://a/training", "KmsKeyId": "key"},
    "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "EnableNetworkIsolation": False,
    "Environment": {"MLFLOW_TRACKING_URI": "arn", "MLFLOW_EXPERIMENT_NAME": "e", "DATASET_VERSION": "0a1b"},
}


def test_what_was_found_is_given_and_nothing_searched() -> None:
    assert hyperparameters(MANIFEST) == {
        "seed": "7",
        "estimator": "lightgbm",
        "parameters": '{"n_estimators": 120}',
    }
    members = [{"estimator": "linear", "parameters": {}, "weight": 1.0}]
    assert json.loads(hyperparameters({**MANIFEST, "members": members})["members"]) == members
    with pytest.raises(NotRebuildableError, match="2500"):
        hyperparameters({**MANIFEST, "members": members * 100})


def test_the_job_is_the_first_ones_but_for_what_it_is_given_and_logs_no_run() -> None:
    made = job_request(
        "again", JOB, MANIFEST, image_uri=IMAGE, contract_uri="s3://a/datasets/rebuild/contract/"
    )
    assert made["AlgorithmSpecification"]["TrainingImage"] == IMAGE
    uris = [channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in made["InputDataConfig"]]
    assert uris == ["s3://a/datasets/0a1b/train/", "s3://a/datasets/rebuild/contract/"]
    assert made["Environment"] == {"DATASET_VERSION": "0a1b", "EXECUTION_NAME": "again"}
    for key in (
        "RoleArn",
        "ResourceConfig",
        "StoppingCondition",
        "OutputDataConfig",
        "EnableNetworkIsolation",
    ):
        assert made[key] == JOB[key]
    assert not {"TrainingJobArn", "TrainingJobStatus", "ModelArtifacts"} & set(made)


def test_what_differs_is_named() -> None:
    same = compare(MANIFEST, dict(MANIFEST))
    assert (same.is_same, told(same)) == (True, "The same model, bit by bit.")
    only_fitted = compare(MANIFEST, {**MANIFEST, "model_hash": "c" * 64})
    assert (only_fitted.is_same, only_fitted.is_fitted_same) == (False, True)
    other = compare(MANIFEST, {**MANIFEST, "model_hash": "c", "fitted_hash": "d", "cpu_features": ["X86_V4"]})
    assert not other.is_fitted_same
    assert "cpu_features: ['X86_V3'] then, ['X86_V4'] now" in told(other)
    older = {key: value for key, value in MANIFEST.items() if key != "fitted_hash"}
    assert not compare(older, {**older, "model_hash": "c"}).is_fitted_same


class FakeAws:
    """SageMaker and S3 as a rebuild meets them; the second job's archive holds `after`."""

    def __init__(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        self.manifests = {"model.tar.gz": before, "again.tar.gz": after}
        self.created: dict[str, Any] = {}
        self.put: dict[str, bytes] = {}
        self.looks = ["InProgress", "Completed"]

    def client(self, _: str) -> FakeAws:
        return self

    def get_paginator(self, _: str) -> FakeAws:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"ModelPackageSummaryList": [{"ModelPackageVersion": 3, "ModelPackageArn": "package/3"}]}]

    def describe_model_package(self, **_: Any) -> dict[str, Any]:
        return {
            "InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://a/models/model.tar.gz"}]},
            "CustomerMetadataProperties": {
                "training_job_name": "housing-dev-1",
                "training_image_uri": IMAGE,
            },
        }

    def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:
        if TrainingJobName == "housing-dev-1":
            return JOB
        artefacts = {"S3ModelArtifacts": "s3://a/training/again.tar.gz"}
        return {
            "TrainingJobStatus": self.looks.pop(0),
            "FailureReason": "no rows",
            "ModelArtifacts": artefacts,
        }

    def create_training_job(self, **request: Any) -> None:
        self.created = request

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:
        self.put[f"s3://{Bucket}/{Key}"] = Body

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        text, file = json.dumps(self.manifests[Key.rpartition("/")[2]]).encode(), io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            info = tarfile.TarInfo("./manifest.json")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
        return {"Body": io.BytesIO(file.getvalue())}


class FakeStage:
    def __init__(self, session: FakeAws) -> None:
        self.session = session
        self.names = Names("housing", "dev")
        self.outputs = {"ModelPackageGroupName": "housing-dev-models", "ArtifactBucketName": "a"}


def rebuild(aws: FakeAws, version: int = 3) -> Any:
    return Rebuild(FakeStage(aws), lambda _: None).run(version, NOW, lambda _: None)  # type: ignore[arg-type]


def test_a_rebuild_lays_out_the_configuration_trains_and_compares() -> None:
    aws = FakeAws(MANIFEST, MANIFEST)
    assert rebuild(aws).is_same
    ((uri, body),) = aws.put.items()
    assert json.loads(body) == MANIFEST["configuration"]
    assert aws.created["TrainingJobName"] == "housing-dev-rebuild-3-20261122T025000"
    contract = aws.created["InputDataConfig"][1]["DataSource"]["S3DataSource"]["S3Uri"]
    assert uri == f"{contract}contract.json"


def test_what_cannot_be_rebuilt_is_told_apart() -> None:
    with pytest.raises(NotRebuildableError, match="no version 4"):
        rebuild(FakeAws(MANIFEST, MANIFEST), 4)
    with pytest.raises(NotRebuildableError, match="older than the record"):
        rebuild(FakeAws({"model_hash": "a"}, MANIFEST))
    failing = FakeAws(MANIFEST, MANIFEST)
    failing.looks = ["Failed"]
    with pytest.raises(NotRebuildableError, match="ended Failed: no rows"):
        rebuild(failing)
