"""Experiment tracking: SageMaker's serverless MLflow, with its artifacts in the pipeline's own bucket."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from contracts import layout
from infra_cdk.context import Context
from infra_cdk.data.storage import Storage
from infra_cdk.policy import allow, on_behalf_of


class Tracking(Construct):
    """The MLflow app and its role; `uri` is the app's ARN, which MLflow's clients take as tracking URI."""

    def __init__(self, scope: Construct, construct_id: str, context: Context, *, storage: Storage) -> None:
        super().__init__(scope, construct_id)
        self._storage, names = storage, context.names
        self.role = iam.Role(
            self,
            "Role",
            description=f"The MLflow app of {names.prefix}: its artifacts",
            # The app's own ARN holds a number that is not known before it is made.
            assumed_by=on_behalf_of(self, "sagemaker", "*"),
        )
        self.allow_artifacts(self.role)
        # AWS's minimum for an app's role reads and lists the whole store (SageMaker Developer Guide, "Set up
        # IAM permissions for MLflow apps"); the objects stay bounded by the prefix.
        allow(self.role, "s3:GetBucketLocation", "s3:ListBucket", on=storage.artifacts.bucket_arn)
        self.app = sagemaker.CfnMlflowApp(
            self,
            "App",
            name=names.mlflow_app,
            artifact_store_uri=f"s3://{storage.artifacts.bucket_name}/{layout.RUNS.folder}",
            role_arn=self.role.role_arn,
            # The pipeline registers its own packages; the app would add a second one for each.
            model_registration_mode="AutoModelRegistrationDisabled",
        )
        self.app.node.add_dependency(self.role)
        self.uri = self.app.attr_arn

    def allow_calls(self, role: iam.Role) -> None:
        """MLflow's REST API: runs, metrics, registered models and aliases."""
        allow(role, "sagemaker:CallMlflowAppApi", on=self.uri)

    def allow_adding_artifacts(self, role: iam.Role) -> None:
        """For who adds a file to a run and reads none."""
        self._storage.allow_writing(role, layout.RUNS.pattern)

    def allow_artifacts(self, role: iam.Role) -> None:
        """MLflow's clients move artifacts to and from S3 themselves, with their own credentials."""
        self._storage.allow_reading(role, layout.RUNS.pattern)
        self._storage.allow_writing(role, layout.RUNS.pattern)
