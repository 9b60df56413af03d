"""ScaleFleet and what calls it: SageMaker's events, a schedule, and CloudFormation."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra_cdk.context import Context
from infra_cdk.functions.bundle import zip_code
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.functions.function import FunctionSize, PipelineFunction

EVERY = "rate(10 minutes)"
"""Until a new model was asked often enough to be measured."""
SIZE = FunctionSize(memory_mib=256, timeout_seconds=120)


class Scaling(Construct):
    """The endpoint is the state machine's, so that its registration can't be the stack's own resource: a
    function makes it whenever the endpoint is in service, and takes it back when this construct goes."""

    def __init__(
        self, scope: Construct, construct_id: str, context: Context, *, settings: SettingsSource
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = context.names.prefix
        policy = json.dumps(context.config.scaling.as_document())
        self.scale_fleet = PipelineFunction(
            self,
            "ScaleFleet",
            context,
            code=zip_code(context.root, ("ScaleFleet",)),
            settings=settings.settings_of("ScaleFleet"),
            size=SIZE,
        )
        self.rules = [
            self._rule(
                "Settled",
                "The endpoint came into service: is its fleet registered for scaling?",
                event_pattern={
                    "source": ["aws.sagemaker"],
                    "detail-type": ["SageMaker Endpoint State Change"],
                    "detail": {"EndpointName": [context.names.endpoint], "EndpointStatus": ["IN_SERVICE"]},
                },
            ),
            self._rule("Measured", "Was the model asked often enough?", schedule_expression=EVERY),
        ]
        self.resource = cdk.CfnResource(
            self,
            "Resource",
            type="Custom::Scaling",
            properties={
                "ServiceToken": self.scale_fleet.arn,
                "ServiceTimeout": SIZE.timeout_seconds,
                "Policy": policy,  # a change is applied at once
            },
        )
        self.resource.node.add_dependency(self.scale_fleet.role)
        for rule in self.rules:  # gone when the registration is taken back, so that none comes after it
            rule.node.add_dependency(self.resource)

    def _rule(self, name: str, description: str, **when: object) -> events.CfnRule:
        function = self.scale_fleet
        rule = events.CfnRule(
            self,
            f"{name}Rule",
            name=f"{self._prefix}-scaling-{name.lower()}",
            description=description,
            targets=[events.CfnRule.TargetProperty(id=function.node.id, arn=function.arn)],
            **when,  # type: ignore[arg-type]  # an event pattern or a schedule
        )
        lambda_.CfnPermission(
            self,
            f"{name}RuleInvokes",
            action="lambda:InvokeFunction",
            function_name=function.arn,
            principal="events.amazonaws.com",
            source_account=cdk.Stack.of(self).account,
            source_arn=rule.attr_arn,
        )
        return rule
