"""The endpoints of a VPC: one for each service that is called from inside, and what may pass it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

HTTPS = 443
# One for each service that code in the VPC calls; `tests/infrastructure/test_network.py` derives them.
SERVICES: dict[str, ec2.IInterfaceVpcEndpointService] = {
    "sagemaker": ec2.InterfaceVpcEndpointAwsService.SAGEMAKER_API,
    # An MLflow app's; `sagemaker.experiments` is a tracking server's (SageMaker Developer Guide, "Connecting
    # to an MLflow app through an Interface VPC Endpoint"). CDK has no name for it yet.
    "mlflow": ec2.InterfaceVpcEndpointService(f"aws.sagemaker.{cdk.Aws.REGION}.mlflow", HTTPS),
    "stepfunctions": ec2.InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
    "cloudwatch": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
    "ecr": ec2.InterfaceVpcEndpointAwsService.ECR,
    "sqs": ec2.InterfaceVpcEndpointAwsService.SQS,
}
GATEWAYS = {
    "s3": ec2.GatewayVpcEndpointAwsService.S3,
    "dynamodb": ec2.GatewayVpcEndpointAwsService.DYNAMODB,
}


class Endpoints(Construct):
    """Each lets through what `admit` says, so that not even borrowed credentials can carry data to somebody
    else's bucket."""

    def __init__(
        self, scope: Construct, construct_id: str, *, vpc: ec2.Vpc, workloads: ec2.CfnSecurityGroup
    ) -> None:
        super().__init__(scope, construct_id)
        group = self._security_group(vpc, workloads)
        self._by_service: dict[str, ec2.InterfaceVpcEndpoint | ec2.GatewayVpcEndpoint] = {
            name: ec2.GatewayVpcEndpoint(self, name.capitalize(), vpc=vpc, service=service)
            for name, service in GATEWAYS.items()
        }
        for name, service in SERVICES.items():
            self._by_service[name] = ec2.InterfaceVpcEndpoint(
                self,
                name.capitalize(),
                vpc=vpc,
                service=service,
                security_groups=[group],
                open=False,
                private_dns_enabled=True,
            )

    def admit(self, service: str, *actions: str, on: str | Sequence[str]) -> None:
        """Let these actions on these resources through the service's endpoint, for this account alone."""
        account = {"StringEquals": {"aws:PrincipalAccount": cdk.Stack.of(self).account}}
        self._admit(service, actions, on, account)

    def admit_answers_to_cloudformation(self) -> None:
        """The bucket is CloudFormation's, and so is the signature of the URL that it hands out.

        CloudFormation User Guide, "Setting up VPC endpoints for AWS CloudFormation".
        """
        region = cdk.Fn.join("", cdk.Fn.split("-", cdk.Aws.REGION))
        bucket = f"arn:{cdk.Aws.PARTITION}:s3:::cloudformation-custom-resource-response-{region}"
        self._admit("s3", ("s3:PutObject",), f"{bucket}/*", None)

    def _admit(
        self,
        service: str,
        actions: Sequence[str],
        on: str | Sequence[str],
        conditions: dict[str, Any] | None,
    ) -> None:
        self._by_service[service].add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=list(actions),
                resources=[on] if isinstance(on, str) else list(on),
                conditions=conditions,
            )
        )

    def _security_group(self, vpc: ec2.Vpc, workloads: ec2.CfnSecurityGroup) -> ec2.ISecurityGroup:
        group = ec2.CfnSecurityGroup(
            self,
            "Group",
            vpc_id=vpc.vpc_id,
            group_description="Interface endpoints: HTTPS from the workloads, and nothing of their own",
            security_group_ingress=[
                ec2.CfnSecurityGroup.IngressProperty(
                    ip_protocol="tcp",
                    from_port=HTTPS,
                    to_port=HTTPS,
                    source_security_group_id=workloads.attr_group_id,
                    description="From the workloads",
                )
            ],
            # Without a rule of its own a group lets everything out (CloudFormation, `SecurityGroupEgress`).
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="icmp",
                    from_port=252,
                    to_port=86,
                    cidr_ip="255.255.255.255/32",
                    description="Nowhere",
                )
            ],
        )
        return ec2.SecurityGroup.from_security_group_id(self, "Imported", group.attr_group_id, mutable=False)
