"""One pipeline at one stage: an inventory of its parts, and who may do what to which."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from contracts.names import Names
from contracts.pipeline_config import PipelineConfig
from infra_cdk.alarms import Alarms
from infra_cdk.bundle import zip_code
from infra_cdk.dashboard import Dashboard
from infra_cdk.encryption import Encryption
from infra_cdk.environment import Environment
from infra_cdk.functions import PIPELINE_CONFIG_PATH, Functions
from infra_cdk.images import Images
from infra_cdk.intake import Intake
from infra_cdk.lease import LeaseTable
from infra_cdk.notifications import Notifications
from infra_cdk.pipeline import Pipeline
from infra_cdk.registry import Registry
from infra_cdk.serving import Serving
from infra_cdk.stages import Stage
from infra_cdk.storage import CAPTURE_PREFIX, Storage
from infra_cdk.teardown import Teardown
from infra_cdk.tracking import Tracking
from infra_cdk.training import Training


class PipelineStack(cdk.Stack):
    """Composes the constructs and grants between them; defines no resource itself."""

    def __init__(self, scope: Construct, *, root: Path, config: PipelineConfig, stage: Stage) -> None:
        names = Names(pipeline=config.name, stage=stage.name)
        super().__init__(
            scope,
            names.prefix,
            description=f"Greenlight: the pipeline {config.name}, stage {stage.name}",
            termination_protection=stage.retains_data,
        )
        self.names, self.config, self.stage, self.root = names, config, stage, root

        self.encryption = Encryption(self, "Encryption", names=names, stage=stage)
        self.storage = Storage(self, "Storage", names=names, stage=stage, encryption=self.encryption)
        self.notifications = Notifications(
            self, "Notifications", names=names, stage=stage, encryption=self.encryption
        )
        self.leases = LeaseTable(self, "LeaseTable", names=names, encryption=self.encryption)
        self.registry = Registry(self, "Registry", names=names)
        self.tracking = Tracking(self, "Tracking", names=names, storage=self.storage)
        self.images = Images(self, "Images", root=root)
        self.training = Training(self, "Training", names=names)
        self.serving = Serving(self, "Serving", names=names, stage=stage, encryption=self.encryption)
        code = zip_code(root)
        environment = Environment(self._settings())
        self.functions = Functions(
            self,
            "Functions",
            names=names,
            stage=stage,
            encryption=self.encryption,
            images=self.images,
            zip_code=code,
            environment=environment,
        )
        self.pipeline = Pipeline(
            self,
            "Pipeline",
            root=root,
            names=names,
            stage=stage,
            encryption=self.encryption,
            substitutions=self._substitutions(),
        )
        environment = environment.having(state_machine_arn=self.pipeline.arn)
        self.teardown = Teardown(
            self,
            "Teardown",
            names=names,
            stage=stage,
            encryption=self.encryption,
            storage=self.storage,
            zip_code=code,
            environment=environment,
        )
        self.intake = Intake(
            self,
            "Intake",
            names=names,
            stage=stage,
            encryption=self.encryption,
            storage=self.storage,
            zip_code=code,
            environment=environment,
        )
        self.alarms = Alarms(
            self,
            "Alarms",
            names=names,
            policy=config.deployments[stage.name],
            notifications=self.notifications,
            pipeline=self.pipeline,
            intake=self.intake,
        )
        self.dashboard = Dashboard(
            self, "Dashboard", names=names, alarms=self.alarms, pipeline=self.pipeline, intake=self.intake
        )
        self._order()
        self._grant_training()
        self._grant_states()
        self._grant_pipeline()
        self._grant_ends()
        self._outputs()

    def _settings(self) -> dict[str, str]:
        """Everything that a function's settings may name."""
        policy = self.config.deployments[self.stage.name]
        artifacts = self.storage.artifacts.bucket_name
        return {
            "alarm_topic_arn": self.notifications.topic.topic_arn,
            "artifact_bucket_name": artifacts,
            "capture_uri": f"s3://{artifacts}/{CAPTURE_PREFIX.rstrip('/')}",
            "deployment_policy": json.dumps(asdict(policy)),
            "endpoint_key_arn": self.encryption.key.key_arn,
            "endpoint_name": self.names.endpoint,
            "endpoint_role_arn": self.serving.role.role_arn,
            "experiment_name": self.names.experiment,
            "keep_versions": str(policy.keep_versions),
            "lease_table_name": self.leases.table.table_name,
            "metric_namespace": self.names.metric_namespace,
            "mlflow_tracking_uri": self.tracking.uri,
            "model_package_group_name": self.names.model_package_group,
            "pipeline_config_path": PIPELINE_CONFIG_PATH,
            "registered_model_name": self.names.registered_model,
            "rollback_alarm_prefix": self.names.rollback_alarm_prefix,
            "serving_image_uri": self.images.serving.image_uri,
            "training_image_uri": self.images.training.image_uri,
            "training_job_prefix": self.names.prefix,
        }

    def _substitutions(self) -> dict[str, str]:
        """Everything that the definition of the state machine may name."""
        training = self.config.training
        return {
            **{f"{state}Arn": function.arn for state, function in self.functions.by_state.items()},
            "AlarmTopicArn": self.notifications.topic.topic_arn,
            "ArtifactBucketName": self.storage.artifacts.bucket_name,
            "ArtifactKeyArn": self.encryption.key.key_arn,
            "ExperimentName": self.names.experiment,
            "MlflowTrackingUri": self.tracking.uri,
            "TrainingImageUri": self.images.training.image_uri,
            "TrainingInstanceType": training.instance_type,
            "TrainingJobPrefix": self.names.prefix,
            "TrainingMaxRuntimeSeconds": str(training.max_runtime_seconds),
            "TrainingRoleArn": self.training.role.role_arn,
            "TrainingSeed": str(training.seed),
        }

    def _order(self) -> None:
        """The intake opens last and closes first; the teardown runs before what it looks after goes."""
        self.teardown.runs_before(
            self.storage,
            self.registry,
            self.tracking,
            self.training,
            self.serving,
            self.functions,
            self.pipeline,
        )
        self.teardown.runs_after(self.intake.rule, self.intake.mapping)

    def _grant_training(self) -> None:
        role = self.training.role
        self.storage.allow_reading(role, "datasets/*/train/*", "datasets/*/contract/*")
        self.storage.allow_listing(role, "datasets/*")
        self.storage.allow_writing(role, "training/*")
        self.tracking.allow_calls(role)
        self.tracking.allow_artifacts(role)
        self.images.allow_pull(role, self.images.training)
        endpoint = self.serving.role
        self.storage.allow_reading(endpoint, "training/*")
        self.storage.allow_writing(endpoint, f"{CAPTURE_PREFIX}*")
        self.images.allow_pull(endpoint, self.images.serving)

    def _grant_states(self) -> None:
        functions = self.functions
        ingest = functions.ingest_data.role
        self.storage.allow_reading_uploads(ingest)
        self.storage.allow_reading(ingest, "datasets/*")
        self.storage.allow_writing(ingest, "datasets/*")
        self.storage.allow_listing(ingest, "datasets/*")

        evaluate = functions.evaluate_model.role
        self.storage.allow_reading(evaluate, "datasets/*", "training/*")
        self.storage.allow_writing(evaluate, "evaluations/*")
        self.registry.allow(evaluate, "DescribeModelPackage", "ListModelPackages")
        self.tracking.allow_calls(evaluate)

        register = functions.register_model.role
        self.registry.allow(
            register,
            "AddTags",
            "CreateModelPackage",
            "DescribeModelPackage",
            "ListModelPackages",
        )
        self.tracking.allow_calls(register)

        self.leases.allow(functions.acquire_lease.role, "GetItem", "UpdateItem")
        self.leases.allow(functions.release_lease.role, "GetItem", "UpdateItem")

        deploy = functions.deploy_canary.role
        self.serving.allow(deploy, "CreateModel", "DescribeModel", "AddTags", on=("model",))
        self.serving.allow(
            deploy, "CreateEndpointConfig", "DescribeEndpointConfig", "AddTags", on=("endpoint-config",)
        )
        self.serving.allow(
            deploy, "CreateEndpoint", "UpdateEndpoint", "AddTags", on=("endpoint", "endpoint-config")
        )
        self.serving.allow(deploy, "DescribeEndpoint")
        self.serving.allow_rollback_alarms(deploy, "PutMetricAlarm", "DeleteAlarms")
        self.serving.allow_passing_role(deploy)
        self.leases.allow(deploy, "GetItem", "UpdateItem")

        check = functions.check_deployment.role
        self.serving.allow(check, "DescribeEndpoint")
        self.serving.allow_rollback_alarms(check, "DescribeAlarms", "DescribeAlarmHistory")
        self.leases.allow(check, "GetItem", "UpdateItem")

        for role in (functions.promote_champion.role, functions.reject_challenger.role):
            self.registry.allow(
                role,
                "DescribeModelPackage",
                "ListModelPackages",
                "UpdateModelPackage",
            )
            self.tracking.allow_calls(role)
            self.serving.allow(role, "DescribeEndpoint")
            self.serving.allow(role, "DeleteModel", on=("model",))
            self.serving.allow(
                role, "DescribeEndpointConfig", "DeleteEndpointConfig", on=("endpoint-config",)
            )
            self.serving.allow_rollback_alarms(role, "DescribeAlarms", "DeleteAlarms")

    def _grant_pipeline(self) -> None:
        self.pipeline.allow_invoking(self.functions.by_state)
        self.pipeline.allow_training(self.training)
        self.notifications.allow_publishing(self.pipeline.role)

    def _grant_ends(self) -> None:
        self.pipeline.allow_starting(self.intake.start_execution.role)
        teardown = self.teardown.teardown.role
        self.pipeline.allow_stopping(teardown)

    def _outputs(self) -> None:
        for name, value in {
            "RawBucketName": self.storage.raw.bucket_name,
            "ArtifactBucketName": self.storage.artifacts.bucket_name,
            "StateMachineArn": self.pipeline.arn,
            "EndpointName": self.names.endpoint,
            "ModelPackageGroupName": self.names.model_package_group,
            "AlarmTopicArn": self.notifications.topic.topic_arn,
            "MlflowTrackingUri": self.tracking.uri,
            "UploadQueueUrl": self.intake.queue.queue_url,
            "DeadLetterQueueUrl": self.intake.dead_letters.queue_url,
        }.items():
            cdk.CfnOutput(self, name, value=value)
