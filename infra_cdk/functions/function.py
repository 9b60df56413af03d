"""One Lambda function with its own role, log group and settings."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from contracts.names import folder_of
from contracts.settings import Settings
from infra_cdk.context import Context
from infra_cdk.policy import acknowledge, allow


def handler_of(state: str) -> str:
    return f"lambdas.{folder_of(state)}.handler.handler"


@dataclass(frozen=True, kw_only=True)
class FunctionSize:
    """What a function gets: memory and scratch space in MiB, and time."""

    memory_mib: int = 256
    timeout_seconds: int = 60
    scratch_mib: int = 512


class PipelineFunction(Construct):
    """The function of one state. It may write its own log; everything else is granted by the stack."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        code: lambda_.Code | lambda_.DockerImageCode,
        settings: Settings,
        size: FunctionSize,
    ) -> None:
        super().__init__(scope, construct_id)
        self._network = context.network
        self.name = context.names.function(construct_id)
        self.log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{self.name}",
            retention=context.stage.log_retention,
            encryption_key=context.encryption.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(
            self,
            "Role",
            description=f"{construct_id} of {context.names.prefix}",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        allow(self.role, "logs:CreateLogStream", "logs:PutLogEvents", on=self.log_group.log_group_arn)
        if context.network:
            arn = cdk.Stack.of(self).format_arn(
                service="lambda",
                resource="function",
                resource_name=self.name,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            context.network.interfaces.allow_lambda(self.role, arn)
        self.function = self._function(construct_id, code, settings.as_environment(), size)
        self.arn = self.function.function_arn
        acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "Traces name no resource (Service Authorization Reference, AWS X-Ray).",
        )
        acknowledge(
            self.function,
            "AwsSolutions-L1",
            "Zips and images run the same Python, the one that the dependencies are locked for.",
        )

    def _function(
        self,
        state: str,
        code: lambda_.Code | lambda_.DockerImageCode,
        environment: dict[str, str],
        size: FunctionSize,
    ) -> lambda_.Function:
        timeout = cdk.Duration.seconds(size.timeout_seconds)
        scratch = cdk.Size.mebibytes(size.scratch_mib)
        placed = self._network.function_props if self._network else {}
        if isinstance(code, lambda_.DockerImageCode):
            return lambda_.DockerImageFunction(
                self,
                "Function",
                function_name=self.name,
                code=code,
                architecture=lambda_.Architecture.X86_64,
                role=self.role,
                log_group=self.log_group,
                environment=environment,
                memory_size=size.memory_mib,
                timeout=timeout,
                ephemeral_storage_size=scratch,
                tracing=lambda_.Tracing.ACTIVE,
                **placed,
            )
        return lambda_.Function(
            self,
            "Function",
            function_name=self.name,
            code=code,
            runtime=lambda_.Runtime.PYTHON_3_12,
            handler=handler_of(state),
            architecture=lambda_.Architecture.ARM_64,
            role=self.role,
            log_group=self.log_group,
            environment=environment,
            memory_size=size.memory_mib,
            timeout=timeout,
            ephemeral_storage_size=scratch,
            tracing=lambda_.Tracing.ACTIVE,
            **placed,
        )
