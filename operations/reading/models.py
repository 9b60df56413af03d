"""The registered models, and which of them is the champion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from operations.reading.clients import Clients, pages
from operations.reading.errors import NotThereError, explained
from operations.reading.stack import Stack

_AT_ONCE = 8  # DescribeModelPackage is asked once a model


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model package. One `name` goes for training job, model and endpoint config; `promoted_at` is when it
    took over last, as an ISO text, empty if never; `reason` is what its approval or rejection was given."""

    version: int
    arn: str
    name: str
    status: str
    reason: str
    description: str
    registered_at: datetime
    promoted_at: str
    proof: str
    dataset_version: str
    dataset_uri: str
    execution_name: str
    report_uri: str
    report_html_uri: str
    model_data_uri: str
    serving_image_uri: str
    properties: Mapping[str, str]


def newest(clients: Clients, stack: Stack, limit: int | None = None) -> tuple[Model, ...]:
    """The newest first."""
    arns = list(islice(_arns(clients, stack), limit))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(lambda arn: _read(clients, arn), arns))


def of_version(clients: Clients, stack: Stack, version: int) -> Model:
    """Raises NotThereError, which names the newest version."""
    last = 0
    for arn in _arns(clients, stack):
        number = int(arn.rpartition("/")[2])
        last = max(last, number)
        if number == version:
            return _read(clients, arn)
    known = f"The newest is {last}: `greenlight models` lists them." if last else "There is none yet."
    raise NotThereError(f"{stack.name} has no model version {version}.", known)


def of_name(clients: Clients, stack: Stack, name: str) -> Model | None:
    """The model by the name that it shares with its training job and its endpoint config."""
    if not name:
        return None
    models = (_read(clients, arn) for arn in _arns(clients, stack))
    return next((model for model in models if model.name == name), None)


def _arns(clients: Clients, stack: Stack) -> Iterator[str]:
    found = pages(
        clients("sagemaker"),
        "list_model_packages",
        ModelPackageGroupName=stack.model_package_group,
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    return (str(item["ModelPackageArn"]) for page in found for item in page["ModelPackageSummaryList"])


def _read(clients: Clients, arn: str) -> Model:
    with explained():
        found = clients("sagemaker").describe_model_package(ModelPackageName=arn)
    properties = {str(k): str(v) for k, v in found.get("CustomerMetadataProperties", {}).items()}
    container: dict[str, Any] = next(iter(found.get("InferenceSpecification", {}).get("Containers", [])), {})
    return Model(
        version=int(found["ModelPackageVersion"]),
        arn=arn,
        name=properties.get("training_job_name", ""),
        status=str(found.get("ModelApprovalStatus", "")),
        reason=str(found.get("ApprovalDescription", "")),
        description=str(found.get("ModelPackageDescription", "")),
        registered_at=found["CreationTime"],
        promoted_at=properties.get("promoted_at", ""),
        proof=properties.get("proof", ""),
        dataset_version=properties.get("dataset_version", ""),
        dataset_uri=properties.get("dataset_uri", ""),
        execution_name=properties.get("execution_name", ""),
        report_uri=_report_uri(found),
        report_html_uri=properties.get("report_html_uri", ""),
        model_data_uri=str(container.get("ModelDataUrl", "")),
        serving_image_uri=str(container.get("Image", "")),
        properties=properties,
    )


def _report_uri(found: Mapping[str, Any]) -> str:
    quality = found.get("ModelMetrics", {}).get("ModelQuality", {})
    return str(quality.get("Statistics", {}).get("S3Uri", ""))
