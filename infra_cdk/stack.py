"""One pipeline at one stage: an inventory of its parts, and who may do what to which."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from contracts import feature_groups, layout, sources
from contracts.names import PIPELINE_TAG, RETAINS_DATA_TAG, STAGE_TAG, Names
from contracts.pipeline_config import PipelineConfig
from infra_cdk.access import grant_access
from infra_cdk.batch.scoring import Batch
from infra_cdk.context import Context
from infra_cdk.data.encryption import Encryption
from infra_cdk.data.storage import Storage
from infra_cdk.features import FeatureStore
from infra_cdk.front import Front
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.intake.sources import Sources
from infra_cdk.intake.uploads import Intake
from infra_cdk.models.images import Images
from infra_cdk.models.own_estimators import check_own_estimator
from infra_cdk.models.registry import Registry
from infra_cdk.models.serving import Serving
from infra_cdk.models.tracking import Tracking
from infra_cdk.models.training import Training
from infra_cdk.monitoring.alarms import Alarms
from infra_cdk.monitoring.budget import MonthlyBudget
from infra_cdk.monitoring.dashboard import OperatorsDashboard
from infra_cdk.monitoring.monitor import Monitor
from infra_cdk.monitoring.notifications import Notifications
from infra_cdk.monitoring.watching import Watching
from infra_cdk.network.vpc import PrivateNetwork
from infra_cdk.pipeline.approval import STATE as APPROVAL_STATE
from infra_cdk.pipeline.approval import Approval
from infra_cdk.pipeline.functions import PIPELINE_CONFIG_PATH, Functions
from infra_cdk.pipeline.lease import LeaseTable
from infra_cdk.pipeline.state_machine import TrainingPipeline, definition
from infra_cdk.pipeline.teardown import Teardown
from infra_cdk.pipeline.trail import UploadTrail
from infra_cdk.scaling.fleet import Scaling
from infra_cdk.stages import StageSettings
from infra_cdk.streams import EventStream


class PipelineStack(cdk.Stack):
    """Composes the constructs and grants between them; defines no resource itself."""

    def __init__(self, scope: Construct, *, root: Path, config: PipelineConfig, stage: StageSettings) -> None:
        names = Names(pipeline=config.name, stage=stage.name)
        super().__init__(
            scope,
            names.prefix,
            description=f"Greenlight: the pipeline {config.name}, stage {stage.name}",
            tags={
                PIPELINE_TAG: names.pipeline,
                STAGE_TAG: stage.name,
                RETAINS_DATA_TAG: str(stage.retains_data).lower(),
            },
        )
        check_own_estimator(root, config)
        self.names, self.config, self.stage = names, config, stage
        has_vpc = config.network.has_vpc(stage.name)
        self.encryption = Encryption(self, "Encryption", names=names, stage=stage, has_vpc=has_vpc)
        self.network = self._network() if has_vpc else None
        context = Context(
            root=root,
            config=config,
            names=names,
            stage=stage,
            encryption=self.encryption,
            network=self.network,
        )

        self.storage = Storage(self, "Storage", context)
        self.notifications = Notifications(self, "Notifications", context)
        self.leases = LeaseTable(self, "LeaseTable", context)
        self.registry = Registry(self, "Registry", context)
        self.tracking = Tracking(self, "Tracking", context, storage=self.storage)
        self.images = Images(self, "Images", root=root, estimator=config.training.estimator)
        self.training = Training(self, "Training", context)
        self.serving = Serving(self, "Serving", context)
        settings = SettingsSource(self._settings())
        self.functions = Functions(self, "Functions", context, images=self.images, settings=settings)
        self.approval = self._approval(context, settings) if context.deployment.asks_a_person else None
        self.pipeline = TrainingPipeline(
            self,
            "Pipeline",
            context,
            substitutions=self._substitutions(),
            definition=definition(
                root, in_vpc=has_vpc, training=config.training, deployment=context.deployment
            ),
        )
        self.scaling = (
            Scaling(self, "Scaling", context, settings=settings)
            if config.scaling.scales(stage.name)
            else None
        )
        self.batch = self._batch(context, settings) if config.batch.runs(stage.name) else None
        settings = settings.having(
            batch_machine_arn=self.batch.machine.arn if self.batch else "",
            state_machine_arn=self.pipeline.arn,
            raw_bucket_name=self.storage.raw.bucket_name,
        )
        self.teardown = Teardown(self, "Teardown", context, storage=self.storage, settings=settings)
        self.intake = Intake(self, "Intake", context, storage=self.storage, settings=settings)
        self.watching = Watching(self, "Watching", context, settings=settings)
        self.sources = self._sources(context, settings)
        groups = feature_groups.at(config.feature_groups, stage.name)
        self.features = (
            FeatureStore(self, "Features", context, groups=groups, storage=self.storage) if groups else None
        )
        self.front = self._front(context, settings) if config.front.opens(stage.name) else None
        self.monitor = (
            Monitor(self, "Monitor", context, images=self.images, settings=settings)
            if config.monitoring.watches(stage.name)
            else None
        )
        self.stream = self._stream(context, settings) if config.stream.opens(stage.name) else None
        self.trail = self._trail(context) if self.approval and context.deployment.four_eyes else None
        self.alarms = Alarms(
            self,
            "Alarms",
            context,
            notifications=self.notifications,
            pipeline=self.pipeline,
            intake=self.intake,
            monitor=self.monitor,
        )
        self.dashboard = OperatorsDashboard(
            self, "Dashboard", context, alarms=self.alarms, pipeline=self.pipeline, intake=self.intake
        )
        if self.batch:
            self.batch.opens(self.storage, self.intake.dead_letters)
        if config.budget.max_monthly_usd is not None:
            self.budget = MonthlyBudget(
                self,
                "Budget",
                context,
                max_monthly_usd=config.budget.max_monthly_usd,
                notifications=self.notifications,
            )
        self._order()
        grant_access(self)
        self._outputs()

    def _network(self) -> PrivateNetwork:
        return PrivateNetwork(
            self,
            "Network",
            names=self.names,
            stage=self.stage,
            encryption=self.encryption,
            zones=self.config.network.zones,
        )

    def _approval(self, context: Context, settings: SettingsSource) -> Approval:
        own_roles = (self.functions.promote_champion.role, self.functions.reject_challenger.role)
        return Approval(self, "Approval", context, own_roles=own_roles, settings=settings)

    def _trail(self, context: Context) -> UploadTrail:
        assert self.approval is not None  # noqa: S101  # asked for by the policy itself
        monitor = [self.monitor.role_of("StartRetraining")] if self.monitor else []
        stream = [self.stream.close_hours.role] if self.stream else []
        pulled = [self.sources.pull_source.role] if self.sources else []
        self.approval.knows_uploaders(*monitor, *stream, *pulled)
        listener = self.approval.request_approval
        return UploadTrail(self, "UploadTrail", context, storage=self.storage, listener=listener)

    def _sources(self, context: Context, settings: SettingsSource) -> Sources | None:
        found = sources.at(self.config.sources, self.stage.name)
        if not found:
            return None
        return Sources(
            self,
            "Sources",
            context,
            sources=found,
            settings=settings,
            storage=self.storage,
            notifications=self.notifications,
        )

    def _front(self, context: Context, settings: SettingsSource) -> Front:
        return Front(
            self,
            "Front",
            context,
            settings=settings,
            storage=self.storage,
            serving=self.serving,
            notifications=self.notifications,
            features=self.features,
        )

    def _stream(self, context: Context, settings: SettingsSource) -> EventStream:
        return EventStream(
            self,
            "Stream",
            context,
            settings=settings,
            storage=self.storage,
            images=self.images,
            notifications=self.notifications,
            features=self.features,
        )

    def _batch(self, context: Context, settings: SettingsSource) -> Batch:
        names = {
            "AlarmTopicArn": self.notifications.topic.topic_arn,
            "ArtifactKeyArn": self.encryption.key.key_arn,
            "PipelineName": self.names.pipeline,
            "StageName": self.stage.name,
        }
        return Batch(self, "Batch", context, images=self.images, settings=settings, substitutions=names)

    def _settings(self) -> dict[str, str]:
        """Everything that a function's settings may name."""
        policy = self.config.deployments[self.stage.name]
        artifacts = self.storage.artifacts.bucket_name
        return {
            "alarm_topic_arn": self.notifications.topic.topic_arn,
            "artifact_bucket_name": artifacts,
            "capture_uri": f"s3://{artifacts}/{layout.CAPTURES.folder}",
            "deployment_policy": json.dumps(policy.document()),
            "endpoint_key_arn": self.encryption.key.key_arn,
            "endpoint_name": self.names.endpoint,
            "endpoint_network": self.to_json_string(self.network.vpc_config) if self.network else "",
            "endpoint_role_arn": self.serving.role.role_arn,
            "experiment_name": self.names.experiment,
            "keep_versions": str(policy.keep_versions),
            "lease_table_name": self.leases.table.table_name,
            "metric_namespace": self.names.metric_namespace,
            "mlflow_tracking_uri": self.tracking.uri,
            "monitoring_policy": json.dumps(self.config.monitoring.as_document()),
            "model_package_group_name": self.names.model_package_group,
            "pipeline_config_path": PIPELINE_CONFIG_PATH,
            "registered_model_name": self.names.registered_model,
            "resource_tags": json.dumps({PIPELINE_TAG: self.names.pipeline, STAGE_TAG: self.stage.name}),
            "rollback_alarm_prefix": self.names.rollback_alarm_prefix,
            "scaling_alarm_prefix": self.names.scaling_alarm_prefix,
            "scaling_policy": json.dumps(self.config.scaling.as_document())
            if self.config.scaling.scales(self.stage.name)
            else "",
            "serving_image_uri": self.images.serving.image_uri,
            "training_image_uri": self.images.training.image_uri,
            "training_job_prefix": self.names.prefix,
        }

    def _substitutions(self) -> dict[str, str]:
        """Everything that the definition of the state machine may name."""
        training = self.config.training
        placed = (
            {
                "TrainingSecurityGroupId": self.network.security_group_id,
                "TrainingSubnetIds": cdk.Fn.join(",", self.network.subnet_ids),
            }
            if self.network
            else {}
        )
        asking = (
            {
                f"{APPROVAL_STATE}Arn": self.approval.request_approval.arn,
                "ApprovalTimeoutHours": str(self.config.deployments[self.stage.name].approval_timeout_hours),
            }
            if self.approval
            else {}
        )
        return {
            **placed,
            **asking,
            **{f"{state}Arn": function.arn for state, function in self.functions.by_state.items()},
            "AlarmTopicArn": self.notifications.topic.topic_arn,
            "ArtifactBucketName": self.storage.artifacts.bucket_name,
            "ArtifactKeyArn": self.encryption.key.key_arn,
            "EndpointRoleName": self.serving.role.role_name,
            "ExperimentName": self.names.experiment,
            "MlflowTrackingUri": self.tracking.uri,
            "PipelineName": self.names.pipeline,
            "StageName": self.stage.name,
            "TrainingImageUri": self.images.training.image_uri,
            "TrainingInstanceType": training.instance_type,
            "TrainingJobPrefix": self.names.prefix,
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
            self.watching.check_standing,
            self.watching.check_uploads,
            *([self.network] if self.network else []),
            *([self.approval] if self.approval else []),
            *(self.monitor.needed_until_torn_down if self.monitor else []),
            *([self.batch.machine, *self.batch.by_state.values()] if self.batch else []),
        )
        if self.batch:
            self.teardown.runs_before(self.batch.job_role)
            self.teardown.runs_after(self.batch.rule, self.batch.rule_role)
        self.teardown.runs_after(self.intake.rule, self.intake.mapping, *self.watching.rules)
        if self.sources:
            self.teardown.runs_after(self.sources)
        if self.features:
            # What is on its way to the offline store is written before the bucket is emptied.
            self.teardown.runs_after(self.features)
        if self.trail:
            # It writes to a bucket that the teardown may empty.
            self.teardown.runs_after(self.trail.trail)
        if self.front:
            self.teardown.runs_after(self.front)
        if self.monitor:
            self.teardown.runs_after(self.monitor.schedule)
        if self.stream:
            self.teardown.runs_after(self.stream)

    def _outputs(self) -> None:
        fronts = {"FrontUrl": self.front.api.rest_api.url} if self.front else {}
        streams = (
            {
                "StreamName": self.stream.stream.stream_name,
                "RefusedRecordsQueueUrl": self.stream.refused.queue_url,
            }
            if self.stream
            else {}
        )
        features = {"FeatureGroupNames": ",".join(self.features.names)} if self.features else {}
        for name, value in {
            **features,
            **fronts,
            **streams,
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
        if self.batch:
            cdk.CfnOutput(self, "BatchMachineArn", value=self.batch.machine.arn)
