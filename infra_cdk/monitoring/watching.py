"""Looks, every few minutes, at what no execution may come by to see."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra_cdk.context import Context
from infra_cdk.functions.bundle import zip_code
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.functions.function import FunctionSize, PipelineFunction

EVERY = "rate(5 minutes)"
SIZE = FunctionSize(memory_mib=256, timeout_seconds=60)
UPLOADS_EVERY = "rate(30 minutes)"
# A bucket with many old versions takes long to list.
UPLOADS_SIZE = FunctionSize(memory_mib=256, timeout_seconds=600)


class Watching(Construct):
    """CheckStanding and CheckUploads with their schedules; their alarms are with the others."""

    def __init__(
        self, scope: Construct, construct_id: str, context: Context, *, settings: SettingsSource
    ) -> None:
        super().__init__(scope, construct_id)
        self._names = context.names
        self.rules: list[events.CfnRule] = []

        code = zip_code(context.root, ("CheckStanding", "CheckUploads"))

        def function(name: str, size: FunctionSize) -> PipelineFunction:
            return PipelineFunction(
                self,
                name,
                context,
                code=code,
                settings=settings.settings_of(name),
                size=size,
            )

        self.check_standing = function("CheckStanding", SIZE)
        self._schedule(
            "", self.check_standing, "standing", EVERY, "Is what should serve there, and not rejected?"
        )
        self.check_uploads = function("CheckUploads", UPLOADS_SIZE)
        self._schedule(
            "Uploads", self.check_uploads, "lost-uploads", UPLOADS_EVERY, "Has every upload an execution?"
        )

    def _schedule(
        self, prefix: str, function: PipelineFunction, name: str, every: str, description: str
    ) -> None:
        rule = events.CfnRule(
            self,
            f"{prefix}Rule",
            name=f"{self._names.prefix}-{name}",
            description=description,
            schedule_expression=every,
            targets=[events.CfnRule.TargetProperty(id=function.node.id, arn=function.arn)],
        )
        self.rules.append(rule)
        lambda_.CfnPermission(
            self,
            f"{prefix}RuleInvokes",
            action="lambda:InvokeFunction",
            function_name=function.arn,
            principal="events.amazonaws.com",
            source_account=cdk.Stack.of(self).account,
            source_arn=rule.attr_arn,
        )
