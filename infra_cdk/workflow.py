"""What every state machine of a stage has: a role, a log of each event with its data, tracing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra_cdk.context import Context
from infra_cdk.policy import acknowledge, allow, on_behalf_of
from step_functions.loading import as_json


class Workflow(Construct):
    """A standard workflow of a given name; `define` gives it its states, once what they call is there."""

    WHY_A_PATTERN: ClassVar[str] = "Executions are named at run time, after the upload."

    def __init__(self, scope: Construct, construct_id: str, context: Context, *, name: str) -> None:
        super().__init__(scope, construct_id)
        self._workflow_name = name
        self.role = iam.Role(
            self,
            "Role",
            description=f"The state machine {name}",
            assumed_by=on_behalf_of(self, "states", f"stateMachine:{name}"),
        )
        self.log_group = logs.LogGroup(
            self,
            "Log",
            # This prefix keeps the log's resource policy within its size limit (Step Functions Developer
            # Guide, "Using CloudWatch Logs to log execution history").
            log_group_name=f"/aws/vendedlogs/states/{name}",
            retention=context.stage.log_retention,
            encryption_key=context.encryption.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def define(self, definition: Mapping[str, Any], substitutions: Mapping[str, str]) -> None:
        """Make the state machine; its role must have nothing but what `allow` gives it."""
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=self._workflow_name,
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_string(as_json(definition)),
            definition_substitutions=dict(substitutions),
            role=self.role,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=self.log_group, level=sfn.LogLevel.ALL, include_execution_data=True
            ),
        )
        self.arn = self.state_machine.state_machine_arn
        acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "Log delivery and X-Ray name no resource (Step Functions Developer Guide, logging and tracing).",
        )

    def named(self, resource: str, name: str) -> str:
        """An ARN made of names: the role comes before the state machine, and can't refer to it."""
        return cdk.Stack.of(self).format_arn(
            service="states",
            resource=resource,
            resource_name=name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )

    @property
    def executions(self) -> str:
        """The ARN pattern of its executions."""
        return self.named("execution", f"{self._workflow_name}:*")

    def allow_managed_rule(self, name: str) -> None:
        """The rule by which Step Functions learns that what it waits for with `.sync` has ended."""
        rule = cdk.Stack.of(self).format_arn(service="events", resource="rule", resource_name=name)
        allow(self.role, "events:DescribeRule", "events:PutRule", "events:PutTargets", on=rule)

    def allow_starting(self, role: iam.Role) -> None:
        allow(role, "states:StartExecution", on=self.arn)

    def allow_stopping(self, role: iam.Role) -> None:
        """Find the executions that run, and stop them."""
        allow(role, "states:ListExecutions", on=self.arn)
        allow(role, "states:StopExecution", on=self.executions, because=self.WHY_A_PATTERN)
