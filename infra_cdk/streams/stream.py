"""Kinesis on demand, the function that accepts its records, and the one that closes hours on a schedule."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contracts import layout
from contracts.stream import Stream
from infra_cdk.context import Context
from infra_cdk.data.encryption import READ, WRITE
from infra_cdk.data.storage import PARTS_DAYS, REJECTED_DAYS, Storage
from infra_cdk.features import FeatureStore
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.functions.function import FunctionSize, PipelineFunction, handler_of
from infra_cdk.models.images import Images
from infra_cdk.monitoring.notifications import Notifications
from infra_cdk.pipeline.functions import DATA
from infra_cdk.policy import acknowledge, allow
from infra_cdk.streams.alarms import StreamAlarms

ACCEPTING = FunctionSize(memory_mib=1024, timeout_seconds=60)
CLOSING = "rate(10 minutes)"
# The poller reads in the function's name (Lambda Developer Guide, "Process Amazon Kinesis Data Streams
# records with Lambda"; the stream's own name is all that they are asked of here).
READS = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
HOURS_KEPT_DAYS = 30  # beyond those that a dataset takes


class EventStream(Construct):
    """AcceptRecords may read this stream, add below the stream's folders and tell of what it refused.
    CloseHours may read and clear away there, and add datasets below `incoming/stream/`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        settings: SettingsSource,
        storage: Storage,
        images: Images,
        notifications: Notifications,
        features: FeatureStore | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._context, self._images = context, images
        config = context.config.stream
        self.stream = self._stream(config)
        self.refused = self._queue()
        self._settings = settings.having(
            refused_queue_url=self.refused.queue_url, stage_name=context.stage.name
        )
        self.accept_records = self._function("AcceptRecords", ACCEPTING)
        self.close_hours = self._function("CloseHours", DATA)
        self._allow_accepting(storage)
        if features:
            features.allow_writing(self.accept_records.role)
        self._allow_closing(storage)
        self.mapping = self._mapping(config)
        if features:
            self.mapping.node.add_dependency(features)
        self._schedule()
        self._expire(storage, config)
        StreamAlarms(
            self,
            "Alarms",
            names=context.names,
            refused=self.refused,
            accept_records=self.accept_records,
            close_hours=self.close_hours,
            topic=notifications.topic,
        )

    def _stream(self, config: Stream) -> kinesis.Stream:
        stream = kinesis.Stream(
            self,
            "Stream",
            stream_name=self._context.names.stream,
            stream_mode=kinesis.StreamMode.ON_DEMAND,
            retention_period=cdk.Duration.hours(config.retention_hours),
            encryption=kinesis.StreamEncryption.MANAGED,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        acknowledge(
            stream,
            "AwsSolutions-KDS3",
            "Senders need no right to a key of this pipeline; records lie here for days and not for good.",
        )
        return stream

    def _queue(self) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            "Refused",
            queue_name=self._context.names.queue("refused-records"),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._context.encryption.key,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        acknowledge(queue, "AwsSolutions-SQS3", "It is the queue of what failed, which a person reads.")
        return queue

    def _function(self, state: str, size: FunctionSize) -> PipelineFunction:
        image = self._images.lambdas
        code = lambda_.DockerImageCode.from_ecr(
            image.repository, tag_or_digest=image.image_tag, cmd=[handler_of(state)]
        )
        settings = self._settings.settings_of(state)
        return PipelineFunction(self, state, self._context, code=code, settings=settings, size=size)

    def _allow_accepting(self, storage: Storage) -> None:
        role = self.accept_records.role
        allow(role, *(f"kinesis:{action}" for action in READS), on=self.stream.stream_arn)
        storage.allow_writing(role, layout.STREAM_EVENTS.pattern, layout.STREAM_REFUSED.pattern)
        # Lambda sends what it gave up on in the function's name.
        allow(role, "sqs:SendMessage", on=self.refused.queue_arn)
        self._context.encryption.allow(role, *READ, *WRITE, via="sqs")

    def _allow_closing(self, storage: Storage) -> None:
        role = self.close_hours.role
        events_, hours, datasets = layout.STREAM_EVENTS, layout.STREAM_HOURS, layout.STREAM_DATASETS
        storage.allow_reading(role, events_.pattern, hours.pattern, datasets.pattern)
        storage.allow_writing(role, hours.pattern, datasets.pattern)
        storage.allow_deleting(role, events_.pattern)
        storage.allow_adding_uploads(role, f"{layout.STREAM_FOLDER}*")

    def _mapping(self, config: Stream) -> lambda_.CfnEventSourceMapping:
        """A batch that fails is halved until what is wrong is alone, and given up by its age or tries, so
        that no record stops its shard. From the start: what was sent before the stack was there counts."""
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Mapping",
            function_name=self.accept_records.function.function_name,
            event_source_arn=self.stream.stream_arn,
            starting_position="TRIM_HORIZON",
            batch_size=config.batch_size,
            maximum_batching_window_in_seconds=config.batch_window_seconds,
            maximum_retry_attempts=config.max_attempts,
            maximum_record_age_in_seconds=config.max_age_hours * 3600,
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=self.refused.queue_arn)
            ),
        )
        mapping.node.add_dependency(self.accept_records.role)
        return mapping

    def _schedule(self) -> None:
        function = self.close_hours
        rule = events.CfnRule(
            self,
            "Rule",
            name=f"{self._context.names.prefix}-close-hours",
            description="Which hours of the stream are over?",
            schedule_expression=CLOSING,
            targets=[events.CfnRule.TargetProperty(id=function.node.id, arn=function.arn)],
        )
        lambda_.CfnPermission(
            self,
            "RuleInvokes",
            action="lambda:InvokeFunction",
            function_name=function.arn,
            principal="events.amazonaws.com",
            source_account=cdk.Stack.of(self).account,
            source_arn=rule.attr_arn,
        )

    @staticmethod
    def _expire(storage: Storage, config: Stream) -> None:
        kept_days = -(-config.dataset_hours // 24) + HOURS_KEPT_DAYS
        artifacts, raw = storage.artifacts, storage.raw
        storage.expire(artifacts, "RefusedRecords", layout.STREAM_REFUSED.prefix, REJECTED_DAYS)
        storage.expire(artifacts, "ClosedHours", layout.STREAM_HOURS.prefix, kept_days)
        storage.expire(raw, "StreamDatasets", layout.STREAM_FOLDER, PARTS_DAYS)
