"""Who tried to leave a VPC, or to get in: what its security groups refused."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from contracts.names import Names
from infra_cdk.data.encryption import Encryption
from infra_cdk.policy import allow
from infra_cdk.stages import StageSettings


class RefusedTraffic(Construct):
    """Refused packets, in CloudWatch Logs (VPC User Guide, "Publish flow logs to CloudWatch Logs")."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        stage: StageSettings,
        encryption: Encryption,
        vpc: ec2.Vpc,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        flow_logs = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:vpc-flow-log/*"
        group = logs.LogGroup(
            self,
            "Log",
            log_group_name=names.flow_log_group,
            retention=stage.log_retention,
            encryption_key=encryption.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self,
            "Role",
            description=f"Flow logs of {names.prefix}",
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": flow_logs},
                },
            ),
        )
        actions = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
        allow(role, *actions, on=group.log_group_arn)
        refusals = ec2.CfnFlowLog(
            self,
            "Refusals",
            resource_id=vpc.vpc_id,
            resource_type="VPC",
            traffic_type="REJECT",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )
        refusals.node.add_dependency(role)
