"""The SageMaker model registry: one package per training job, one group per pipeline."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.aws.clients import client, message_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient
    from mypy_boto3_sagemaker.literals import ModelApprovalStatusType
    from mypy_boto3_sagemaker.type_defs import DescribeModelPackageOutputTypeDef, ModelPackageSummaryTypeDef

TRAINING_JOB = "training_job_name"
PROMOTED_AT = "promoted_at"
MLFLOW_VERSION = "mlflow_model_version"
PROOF = "proof"
APPROVED_BY = "approved_by"
# Says that the package's deployments are recorded in PROMOTED_AT. A package without it is older than the
# record: its approval is all there is to know of its deployment, and counts for one.
HAS_RECORD = "deployments_recorded"
_REASON_LENGTH = 1024  # ApprovalDescription's limit (SageMaker API Reference, `UpdateModelPackage`)
_PROPERTY_LENGTH = 256  # of a customer metadata value (same source)


@dataclass(frozen=True, kw_only=True)
class Package:
    """A registered model. `training_job_name` names it everywhere: model, config and artefact too.

    `modified_by` is the ARN of whoever changed it last, empty where nobody has or SageMaker does not say;
    `reason` is what its status was given.
    """

    arn: str
    version: int
    status: str
    registered_at: str
    model_data_uri: str
    image_uri: str
    properties: Mapping[str, str]
    modified_by: str = ""
    reason: str = ""

    @property
    def training_job_name(self) -> str:
        return self.properties.get(TRAINING_JOB, "")

    @property
    def promoted_at(self) -> str:
        """When its last deployment was done, in UTC as ISO 8601, which sorts; empty where there was none."""
        found = self.properties.get(PROMOTED_AT, "")
        is_older = HAS_RECORD not in self.properties and self.status == "Approved"
        return found or (self.registered_at if is_older else "")


class ModelRegistry:
    """The packages of one group."""

    def __init__(self, group_name: str) -> None:
        self._group_name = group_name

    @property
    def _sagemaker(self) -> SageMakerClient:
        sagemaker: SageMakerClient = client("sagemaker")
        return sagemaker

    def exists(self) -> bool:
        try:
            self._sagemaker.describe_model_package_group(ModelPackageGroupName=self._group_name)
        except ClientError as error:
            if "does not exist" in message_of(error):
                return False
            raise
        return True

    def promoted(self) -> list[Package]:
        """Those that were deployed and are still approved, the newest registered first."""
        return [package for package in self._newest_first("Approved") if package.promoted_at]

    def packages(self) -> Iterator[Package]:
        """Every package, newest first."""
        return self._newest_first(None)

    def of_training_job(self, training_job_name: str) -> Package | None:
        return next((p for p in self.packages() if p.training_job_name == training_job_name), None)

    def rejected_among(self, training_job_names: Collection[str]) -> set[str]:
        """Those of the jobs whose package is Rejected."""
        wanted, rejected = set(training_job_names), set()
        for package in self.packages():
            if not wanted:
                break
            if package.training_job_name in wanted and package.status == "Rejected":
                rejected.add(package.training_job_name)
            wanted.discard(package.training_job_name)
        return rejected

    def arns(self) -> list[str]:
        """Every package's ARN, newest first."""
        return [summary["ModelPackageArn"] for summary in self._summaries(None)]

    def delete(self, arn: str) -> None:
        self._sagemaker.delete_model_package(ModelPackageName=arn)

    def _newest_first(self, status: ModelApprovalStatusType | None) -> Iterator[Package]:
        return (self.package(summary["ModelPackageArn"]) for summary in self._summaries(status))

    def _summaries(self, status: ModelApprovalStatusType | None) -> Iterator[ModelPackageSummaryTypeDef]:
        wanted: dict[str, Any] = {"ModelApprovalStatus": status} if status else {}
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=self._group_name,
            SortBy="CreationTime",
            SortOrder="Descending",
            **wanted,
        )
        for page in pages:
            yield from page["ModelPackageSummaryList"]

    def package(self, arn: str) -> Package:
        return _package(self._sagemaker.describe_model_package(ModelPackageName=arn))

    def register(
        self,
        *,
        training_job_name: str,
        description: str,
        image_uri: str,
        model_data_uri: str,
        report_uri: str,
        properties: Mapping[str, str],
    ) -> Package:
        """Enter a challenger, awaiting approval; a second call for the same job finds the first's package."""
        found = self.of_training_job(training_job_name)
        if found:
            return found
        created = self._sagemaker.create_model_package(
            ModelPackageGroupName=self._group_name,
            ModelPackageDescription=description,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [{"Image": image_uri, "ModelDataUrl": model_data_uri}],
                "SupportedContentTypes": ["text/csv", "application/json"],
                "SupportedResponseMIMETypes": ["text/csv", "application/json"],
            },
            ModelMetrics={
                "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": report_uri}}
            },
            CustomerMetadataProperties={
                TRAINING_JOB: training_job_name,
                HAS_RECORD: "true",
                **{key: value[:_PROPERTY_LENGTH] for key, value in properties.items() if value},
            },
        )
        return self.package(created["ModelPackageArn"])

    def promote(self, arn: str, reason: str, promoted_at: str, proof: str, approved_by: str = "") -> None:
        """Approve, and record that it was deployed: when, in UTC as ISO 8601, whether it was `proven`,
        `unproven` or `exempt` from proof, and by whose word, where a person was asked."""
        known = {PROOF: proof, APPROVED_BY: approved_by[:_PROPERTY_LENGTH]}
        proven = {name: value for name, value in known.items() if value}
        self._decide(arn, "Approved", reason, {PROMOTED_AT: promoted_at, **proven})

    def ask_again(self, arn: str, reason: str) -> None:
        """Put back an approval that is not enough; whoever looks at the package reads why."""
        self._decide(arn, "PendingManualApproval", reason, {})

    def reject(self, arn: str, reason: str) -> None:
        self._decide(arn, "Rejected", reason, {})

    def _decide(
        self, arn: str, status: ModelApprovalStatusType, reason: str, properties: Mapping[str, str]
    ) -> None:
        changed: dict[str, Any] = {"CustomerMetadataProperties": dict(properties)} if properties else {}
        self._sagemaker.update_model_package(
            ModelPackageArn=arn,
            ModelApprovalStatus=status,
            # Line breaks are outside the field's pattern.
            ApprovalDescription=" ".join(reason.split())[:_REASON_LENGTH],
            **changed,
        )


def _package(answer: DescribeModelPackageOutputTypeDef) -> Package:
    container = answer.get("InferenceSpecification", {"Containers": []})["Containers"][0]
    return Package(
        arn=answer["ModelPackageArn"],
        version=answer.get("ModelPackageVersion", 0),
        status=answer.get("ModelApprovalStatus", ""),
        registered_at=answer["CreationTime"].astimezone(UTC).isoformat(timespec="milliseconds"),
        model_data_uri=container.get("ModelDataUrl", ""),
        image_uri=container.get("Image", ""),
        properties=answer.get("CustomerMetadataProperties", {}),
        modified_by=answer.get("LastModifiedBy", {}).get("IamIdentity", {}).get("Arn", ""),
        reason=answer.get("ApprovalDescription", ""),
    )
