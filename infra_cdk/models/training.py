"""What a training job may do: read its dataset, write its model, log to MLflow."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra_cdk.context import Context
from infra_cdk.models.telemetry import allow_sagemaker_telemetry
from infra_cdk.policy import allow, on_behalf_of

# SageMaker's own, shared by every job of the account; its metrics' namespace has the same name.
LOG_GROUP = "/aws/sagemaker/TrainingJobs"


class Training(Construct):
    """The role of the training jobs. The holdout stays out of its reach."""

    def __init__(self, scope: Construct, construct_id: str, context: Context) -> None:
        super().__init__(scope, construct_id)
        names = context.names
        self.job_arns = cdk.Stack.of(self).format_arn(
            service="sagemaker", resource="training-job", resource_name=f"{names.prefix}-*"
        )
        self.transform_job_arns = cdk.Stack.of(self).format_arn(
            service="sagemaker", resource="transform-job", resource_name=f"{names.prefix}-*"
        )
        self.role = iam.Role(
            self,
            "Role",
            description=f"Training jobs of {names.prefix}",
            # SageMaker Developer Guide, "Cross-service confused deputy prevention", training jobs.
            assumed_by=on_behalf_of(self, "sagemaker", f"training-job/{names.prefix}-*"),
        )
        allow_sagemaker_telemetry(
            self.role,
            log_group=LOG_GROUP,
            streams=f"{names.prefix}-*",
            namespaces=(LOG_GROUP,),
            creates_group=True,
        )

    def allow_stopping(self, role: iam.Role) -> None:
        """Batch may have been on once, so its jobs too, whether it is on or not."""
        allow(
            role,
            "sagemaker:ListTrainingJobs",
            "sagemaker:ListTransformJobs",
            on="*",
            because="Listing names no resource (Service Authorization Reference, Amazon SageMaker).",
        )
        allow(
            role,
            "sagemaker:StopTrainingJob",
            on=self.job_arns,
            because="Training jobs are named at run time, after their execution.",
        )
        allow(
            role,
            "sagemaker:StopTransformJob",
            on=self.transform_job_arns,
            because="Transform jobs are named at run time, after their execution.",
        )
