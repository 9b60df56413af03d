"""What the stack owns of the endpoint: its name, its role, its log group. The state machine owns the rest."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from contracts.names import Names
from infra_cdk.encryption import Encryption
from infra_cdk.stages import Stage


class Serving(Construct):
    """CloudFormation can't own the endpoint: before the first model there is none, and afterwards its record
    of the endpoint's config would be stale."""

    def __init__(
        self, scope: Construct, construct_id: str, *, names: Names, stage: Stage, encryption: Encryption
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self.log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=names.endpoint_log_group,
            retention=stage.log_retention,
            encryption_key=encryption.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(
            self,
            "Role",
            description=f"The endpoint {names.endpoint}: its model, its image, its captures",
            assumed_by=iam.ServicePrincipal(
                "sagemaker.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
            ),
        )
        self.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                resources=[f"{self.log_group.log_group_arn}"],
            )
        )
        self._sagemaker = {
            kind: stack.format_arn(service="sagemaker", resource=kind, resource_name=name)
            for kind, name in (
                ("endpoint", names.endpoint),
                ("endpoint-config", f"{names.prefix}-*"),
                ("model", f"{names.prefix}-*"),
            )
        }
        self._alarms = stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name=f"{names.rollback_alarm_prefix}*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )

    def allow(self, grantee: iam.IGrantable, *actions: str, on: tuple[str, ...] = ("endpoint",)) -> None:
        """SageMaker actions on the pipeline's endpoint, endpoint configs or models."""
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[f"sagemaker:{action}" for action in actions],
                resources=[self._sagemaker[kind] for kind in on],
            )
        )

    def allow_rollback_alarms(self, grantee: iam.IGrantable, *actions: str) -> None:
        """Actions on the alarms that a deployment puts for its green fleet."""
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[f"cloudwatch:{action}" for action in actions], resources=[self._alarms]
            )
        )

    def allow_passing_role(self, grantee: iam.IGrantable) -> None:
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )
