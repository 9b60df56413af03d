"""SageMaker transform jobs.

Each call is spelled out, as those of training jobs are: the proof of least privilege reads them by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from lambdas.aws.clients import client, code_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient


def running_jobs(prefix: str) -> list[str]:
    """Names, starting with the prefix, of the jobs that still run."""
    return _jobs(prefix, "InProgress")


def stopping_jobs(prefix: str) -> list[str]:
    """Names, starting with the prefix, of the jobs that were told to stop: they still write their output."""
    return _jobs(prefix, "Stopping")


def _jobs(prefix: str, status: Literal["InProgress", "Stopping"]) -> list[str]:
    sagemaker: SageMakerClient = client("sagemaker")
    pages = sagemaker.get_paginator("list_transform_jobs").paginate(NameContains=prefix, StatusEquals=status)
    names = (job["TransformJobName"] for page in pages for job in page["TransformJobSummaries"])
    return [name for name in names if name.startswith(prefix)]


def stop(name: str) -> None:
    """A job that ended meanwhile is fine."""
    sagemaker: SageMakerClient = client("sagemaker")
    try:
        sagemaker.stop_transform_job(TransformJobName=name)
    except ClientError as error:
        if code_of(error) not in ("ValidationException", "ResourceNotFound"):
            raise
