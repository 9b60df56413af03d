"""The network interfaces by which Lambda and SageMaker join a VPC, made in the name of a role of ours."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from infra_cdk.policy import allow

NAMELESS = "Describing names no resource (Service Authorization Reference, Amazon EC2)."
UNKNOWN = "A network interface has no name before it is made."
# Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC".
FUNCTION_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


class Interfaces:
    """Grants on the interfaces of one VPC."""

    def __init__(
        self, *, stack: cdk.Stack, vpc_id: str, subnet_ids: Sequence[str], security_group_id: str
    ) -> None:
        def arn(resource: str, name: str) -> str:
            return stack.format_arn(service="ec2", resource=resource, resource_name=name)

        self._vpc = arn("vpc", vpc_id)
        self._any = arn("network-interface", "*")
        self._made_of = [
            self._any,
            arn("security-group", security_group_id),
            *(arn("subnet", subnet) for subnet in subnet_ids),
        ]

    def allow_lambda(self, role: iam.Role, function_arn: str) -> None:
        """Lambda joins its function to the VPC; the function's own code may not do the same.

        The guide above, "Security best practices": the condition is met by calls out of the function alone.
        """
        allow(role, "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", on="*", because=NAMELESS)
        allow(role, "ec2:CreateNetworkInterface", on=self._made_of, because=UNKNOWN)
        allow(
            role,
            "ec2:AssignPrivateIpAddresses",
            "ec2:DeleteNetworkInterface",
            "ec2:UnassignPrivateIpAddresses",
            on=self._any,
            because=UNKNOWN,
        )
        role.add_to_principal_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=list(FUNCTION_ACTIONS),
                resources=["*"],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
            )
        )

    def allow_sagemaker(self, role: iam.Role) -> None:
        """SageMaker joins a job or an endpoint to the VPC.

        SageMaker Developer Guide, "How to use SageMaker AI execution roles": what a VpcConfig adds.
        """
        allow(
            role,
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            on="*",
            because=NAMELESS,
        )
        allow(role, "ec2:CreateNetworkInterface", on=self._made_of, because=UNKNOWN)
        allow(
            role,
            "ec2:CreateNetworkInterfacePermission",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
            on=self._any,
            when={"ArnEquals": {"ec2:Vpc": self._vpc}},
            because=UNKNOWN,
        )
