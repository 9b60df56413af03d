"""A challenger is registered once, with everything that made it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID

from contracts.errors import ArchiveChangedError, ImageMissingError
from contracts.settings import RegisterModelSettings
from lambdas.aws import images
from lambdas.register_model.handler import handler
from tests.unit import documents
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeMlflow, FakeSageMaker

REGISTRY = f"{DEFAULT_ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com"
JOB = "housing-dev-0123456789abcdef"
EVENT: dict[str, Any] = {
    "execution_name": "housing-1",
    "dataset": documents.DATASET.as_document(),
    "training": {"job_name": JOB, "model_data_uri": f"s3://artifacts/training/{JOB}/output/model.tar.gz"},
    "evaluation": {
        **documents.EVALUATION.as_document(),
        "archive_hash": hashlib.sha256(b"archive").hexdigest(),
    },
}


KEPT = f"models/{EVENT['evaluation']['archive_hash']}/model.tar.gz"


def put_archive(content: bytes) -> None:
    boto3.client("s3").put_object(Bucket="artifacts", Key=f"training/{JOB}/output/model.tar.gz", Body=content)


def push(repository: str, tag: str) -> str:
    """Put an image into moto's ECR; returns its digest."""
    ecr = boto3.client("ecr")
    ecr.create_repository(repositoryName=repository)
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": f"sha256:{tag * 16}"},
        "layers": [],
    }
    put = ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), imageTag=tag)
    return str(put["image"]["imageId"]["imageDigest"])


@pytest.fixture
def digests(aws: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    set_environment(
        monkeypatch,
        RegisterModelSettings(
            model_package_group_name="housing-dev-models",
            mlflow_tracking_uri="arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/app-1",
            registered_model_name="housing-dev",
            serving_image_uri=f"{REGISTRY}/serving:aaaa",
            training_image_uri=f"{REGISTRY}/training:bbbb",
        ),
    )
    boto3.client("s3").create_bucket(Bucket="artifacts")
    put_archive(b"archive")
    return {"serving": push("serving", "aaaa"), "training": push("training", "bbbb")}


def test_the_package_awaits_approval_and_names_images_by_digest(
    digests: dict[str, str], sagemaker: FakeSageMaker, mlflow: FakeMlflow, context: Context
) -> None:
    answer = handler(EVENT, context)
    (request,) = sagemaker.requests("CreateModelPackage")
    assert request["ModelApprovalStatus"] == "PendingManualApproval"
    assert request["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"].endswith("report.json")
    assert "rmse_error 40594.3" in request["ModelPackageDescription"]
    assert answer["serving_image_uri"] == f"{REGISTRY}/serving@{digests['serving']}"
    assert (answer["model_data_uri"], answer["model_hash"]) == (f"s3://artifacts/{KEPT}", "d" * 64)
    assert (answer["model_package_version"], answer["mlflow_model_version"]) == (1, "1")


def test_the_package_leads_back_to_data_run_and_code(
    digests: dict[str, str], sagemaker: FakeSageMaker, mlflow: FakeMlflow, context: Context
) -> None:
    handler(EVENT, context)
    (request,) = sagemaker.requests("CreateModelPackage")
    properties = request["CustomerMetadataProperties"]
    assert properties["training_job_name"] == JOB
    assert properties["dataset_version"] == "0a1b2c"
    assert properties["contract_hash"] == "c" * 64
    assert (properties["mlflow_run_id"], properties["mlflow_model_version"]) == ("run-1", "1")
    assert properties["training_image_uri"] == f"{REGISTRY}/training@{digests['training']}"
    assert all(0 < len(value) <= 256 for value in properties.values())


def test_what_was_evaluated_is_copied_under_its_hash(
    digests: dict[str, str], sagemaker: FakeSageMaker, mlflow: FakeMlflow, context: Context
) -> None:
    handler(EVENT, context)
    put_archive(b"another one, later")
    kept = boto3.client("s3").get_object(Bucket="artifacts", Key=KEPT)["Body"].read()
    assert kept == b"archive"
    (request,) = sagemaker.requests("CreateModelPackage")
    (container,) = request["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == f"s3://artifacts/{KEPT}"


def test_an_archive_that_was_replaced_since_its_evaluation_is_not_registered(
    digests: dict[str, str], sagemaker: FakeSageMaker, mlflow: FakeMlflow, context: Context
) -> None:
    put_archive(b"replaced")
    with pytest.raises(ArchiveChangedError, match="is not the archive that was evaluated"):
        handler(EVENT, context)
    boto3.client("s3").delete_object(Bucket="artifacts", Key=f"training/{JOB}/output/model.tar.gz")
    with pytest.raises(ArchiveChangedError, match="is gone"):
        handler(EVENT, context)
    assert (sagemaker.packages, mlflow.versions) == ([], {})


def test_registering_twice_makes_one_package_and_one_version(
    digests: dict[str, str], sagemaker: FakeSageMaker, mlflow: FakeMlflow, context: Context
) -> None:
    first = handler(EVENT, context)
    assert handler(EVENT, context) == first
    assert len(sagemaker.packages) == len(mlflow.versions) == 1
    assert mlflow.aliases == {"challenger": "1"}


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        (f"{REGISTRY}/serving:gone", "not in ECR"),
        (f"{REGISTRY}/nowhere:aaaa", "not in ECR"),
        ("docker.io/library/python:3.12", "not the tagged URI"),
    ],
)
def test_an_image_that_is_not_there_is_named(digests: dict[str, str], uri: str, reason: str) -> None:
    with pytest.raises(ImageMissingError, match=reason):
        images.by_digest(uri)


def test_a_digest_needs_no_look_up() -> None:
    uri = f"{REGISTRY}/serving@sha256:{'a' * 64}"
    assert images.by_digest(uri) == uri
