"""A look, every few minutes, at what no execution may come by to see."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from contracts.names import Names
from infra_cdk.encryption import Encryption
from infra_cdk.environment import Environment
from infra_cdk.function import PipelineFunction, Size
from infra_cdk.network import PrivateNetwork
from infra_cdk.stages import Stage

EVERY = "rate(5 minutes)"
SIZE = Size(memory_mib=256, timeout_seconds=60)


class Watching(Construct):
    """CheckStanding and its schedule; its alarm is with the others."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        stage: Stage,
        encryption: Encryption,
        network: PrivateNetwork | None,
        zip_code: lambda_.Code,
        environment: Environment,
    ) -> None:
        super().__init__(scope, construct_id)
        self.check_standing = PipelineFunction(
            self,
            "CheckStanding",
            names=names,
            stage=stage,
            encryption=encryption,
            network=network,
            code=zip_code,
            settings=environment.settings_of("CheckStanding"),
            size=SIZE,
        )
        rule = events.CfnRule(
            self,
            "Rule",
            name=f"{names.prefix}-standing",
            description="Is what should serve there, and not rejected?",
            schedule_expression=EVERY,
            targets=[events.CfnRule.TargetProperty(id="CheckStanding", arn=self.check_standing.arn)],
        )
        lambda_.CfnPermission(
            self,
            "RuleInvokes",
            action="lambda:InvokeFunction",
            function_name=self.check_standing.arn,
            principal="events.amazonaws.com",
            source_account=cdk.Stack.of(self).account,
            source_arn=rule.attr_arn,
        )
