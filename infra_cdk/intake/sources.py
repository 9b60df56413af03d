"""Files that are fetched on a schedule: one function, and a rule for each source."""

from __future__ import annotations

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from contracts import layout
from contracts.pipeline_config import FILE_NAME
from contracts.sources import Source
from infra_cdk.context import Context
from infra_cdk.data.storage import Storage
from infra_cdk.functions.bundle import zip_code
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.functions.function import FunctionSize, PipelineFunction
from infra_cdk.monitoring.notifications import Notifications
from infra_cdk.policy import allow

SIZE = FunctionSize(memory_mib=512, timeout_seconds=900)
FAILS_WITHIN = cdk.Duration.hours(1)


class Sources(Construct):
    """PullSource may read each source, with its secret, and add each source's one upload."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        sources: Sequence[Source],
        settings: SettingsSource,
        storage: Storage,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, construct_id)
        self._context = context
        code = zip_code(context.root, ("PullSource",), files=(FILE_NAME,))
        # Where Lambda unpacks the zip (Lambda Developer Guide, LAMBDA_TASK_ROOT).
        own = settings.having(pipeline_config_path=f"/var/task/{FILE_NAME}").settings_of("PullSource")
        self.pull_source = PipelineFunction(self, "PullSource", context, code=code, settings=own, size=SIZE)
        self._allow(sources, storage)
        for source in sources:
            self._rule(source)
        self._watch(notifications)

    def _allow(self, sources: Sequence[Source], storage: Storage) -> None:
        role = self.pull_source.role
        storage.allow_reading(role, layout.SOURCES.pattern)
        storage.allow_writing(role, layout.SOURCES.pattern)
        uploads = [f"{layout.UPLOADS.prefix}{source.upload}" for source in sources]
        storage.allow_adding_uploads(role, *uploads)
        arns = [storage.raw.arn_for_objects(upload) for upload in uploads]
        allow(role, "s3:AbortMultipartUpload", on=arns)
        partition = cdk.Stack.of(self).partition
        for source in sources:
            if source.scheme == "s3":
                allow(role, "s3:GetObject", on=f"arn:{partition}:s3:::{'/'.join(source.bucket_and_key)}")
            if source.kms_key_arn:
                allow(role, "kms:Decrypt", on=source.kms_key_arn)
            if source.secret_arn:
                allow(role, "secretsmanager:GetSecretValue", on=source.secret_arn)

    def _rule(self, source: Source) -> None:
        function, hours = self.pull_source, source.every_hours
        rule = events.CfnRule(
            self,
            f"Rule-{source.name}",
            name=f"{self._context.names.prefix}-pull-{source.name}",
            description="Has the file changed?",
            schedule_expression=f"rate({hours} hour{'s' if hours > 1 else ''})",
            targets=[
                events.CfnRule.TargetProperty(
                    id=source.name, arn=function.arn, input=json.dumps({"source": source.name})
                )
            ],
        )
        lambda_.CfnPermission(
            self,
            f"Invokes-{source.name}",
            action="lambda:InvokeFunction",
            function_name=function.arn,
            principal="events.amazonaws.com",
            source_account=cdk.Stack.of(self).account,
            source_arn=rule.attr_arn,
        )

    def _watch(self, notifications: Notifications) -> None:
        alarm = cloudwatch.Alarm(
            self,
            "SourcesNotPulled",
            alarm_name=f"{self._context.names.prefix}-SourcesNotPulled",
            alarm_description="A source could not be fetched. Runbook: docs/runbook.md#sourcesnotpulled",
            metric=self.pull_source.function.metric_errors(statistic="Sum", period=FAILS_WITHIN),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(notifications.topic))
