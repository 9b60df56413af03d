"""A VPC without a way out: what runs in it reaches the AWS services that it calls, and nothing else.

Isolated subnets in two zones, no internet or NAT gateway, and an endpoint for each service called. An
endpoint lets through what this account does to this pipeline's resources, so that not even borrowed
credentials can carry data to somebody else's bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from contracts.names import Names
from infra_cdk.encryption import Encryption
from infra_cdk.interfaces import Interfaces
from infra_cdk.policy import allow
from infra_cdk.prefix_lists import PREFIX_LISTS
from infra_cdk.stages import Stage

CIDR, ZONES, SUBNET_MASK, HTTPS = "10.0.0.0/20", 2, 24, 443
# One for each service that code in the VPC calls; `tests/infrastructure/test_network.py` derives them.
SERVICES = {
    "sagemaker": ec2.InterfaceVpcEndpointAwsService.SAGEMAKER_API,
    # SageMaker Developer Guide, "Connecting to an MLflow tracking server through an Interface VPC Endpoint".
    "mlflow": ec2.InterfaceVpcEndpointAwsService.SAGEMAKER_EXPERIMENTS,
    "stepfunctions": ec2.InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
    "cloudwatch": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
    "ecr": ec2.InterfaceVpcEndpointAwsService.ECR,
    "sqs": ec2.InterfaceVpcEndpointAwsService.SQS,
}
GATEWAYS = {
    "s3": ec2.GatewayVpcEndpointAwsService.S3,
    "dynamodb": ec2.GatewayVpcEndpointAwsService.DYNAMODB,
}


class PrivateNetwork(Construct):
    """`interfaces` is what may be done to network interfaces; SageMaker takes `vpc_config`, Lambda
    `function_props`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, names: Names, stage: Stage, encryption: Encryption
    ) -> None:
        super().__init__(scope, construct_id)
        isolated = ec2.SubnetType.PRIVATE_ISOLATED
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(CIDR),
            max_azs=ZONES,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="isolated", subnet_type=isolated, cidr_mask=SUBNET_MASK)
            ],
        )
        self.subnets = [subnet.subnet_id for subnet in self.vpc.isolated_subnets]
        self.security_group = self._security_group()
        self._group = ec2.SecurityGroup.from_security_group_id(
            self, "WorkloadsGroup", self.security_group.attr_group_id, mutable=False
        )
        self.endpoints: dict[str, ec2.InterfaceVpcEndpoint | ec2.GatewayVpcEndpoint] = {
            **{name: self._gateway(name) for name in GATEWAYS},
            **self._interface_endpoints(),
        }
        self._log_refusals(names, stage, encryption)
        self.interfaces = Interfaces(
            stack=cdk.Stack.of(self),
            vpc_id=self.vpc.vpc_id,
            subnet_ids=self.subnets,
            security_group_id=self.security_group.attr_group_id,
        )

    @property
    def vpc_config(self) -> dict[str, list[str]]:
        """SageMaker's VpcConfig."""
        return {"SecurityGroupIds": [self.security_group.attr_group_id], "Subnets": self.subnets}

    @property
    def placement(self) -> dict[str, Any]:
        """The condition that a job or a model is put into this VPC (Service Authorization Reference, Amazon
        SageMaker)."""
        return {
            "ForAllValues:StringEquals": {
                "sagemaker:VpcSubnets": self.subnets,
                "sagemaker:VpcSecurityGroupIds": [self.security_group.attr_group_id],
            },
            "Null": {"sagemaker:VpcSubnets": "false", "sagemaker:VpcSecurityGroupIds": "false"},
        }

    @property
    def function_props(self) -> dict[str, Any]:
        """What a Lambda function construct takes."""
        subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        return {"vpc": self.vpc, "vpc_subnets": subnets, "security_groups": [self._group]}

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
        self.endpoints[service].add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=list(actions),
                resources=[on] if isinstance(on, str) else list(on),
                conditions=conditions,
            )
        )

    def _security_group(self) -> ec2.CfnSecurityGroup:
        """Out to the endpoints, and to S3 and DynamoDB, whose gateways keep the services' own addresses."""
        lists = cdk.CfnMapping(self, "PrefixLists", mapping=PREFIX_LISTS)
        gateways = [
            self._egress(f"To {name}, by its gateway endpoint", prefix_list=name, lists=lists)
            for name in GATEWAYS
        ]
        return ec2.CfnSecurityGroup(
            self,
            "Workloads",
            vpc_id=self.vpc.vpc_id,
            group_description="Functions, training jobs, endpoint: HTTPS to the endpoints of this VPC alone",
            security_group_egress=[self._egress("To the interface endpoints"), *gateways],
        )

    def _egress(
        self, description: str, *, prefix_list: str = "", lists: cdk.CfnMapping | None = None
    ) -> ec2.CfnSecurityGroup.EgressProperty:
        found = lists.find_in_map(cdk.Aws.REGION, prefix_list) if lists else None
        return ec2.CfnSecurityGroup.EgressProperty(
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            cidr_ip=None if found else CIDR,
            destination_prefix_list_id=found,
            description=description,
        )

    def _gateway(self, name: str) -> ec2.GatewayVpcEndpoint:
        return ec2.GatewayVpcEndpoint(self, name.capitalize(), vpc=self.vpc, service=GATEWAYS[name])

    def _interface_endpoints(self) -> dict[str, ec2.InterfaceVpcEndpoint]:
        group = ec2.CfnSecurityGroup(
            self,
            "Endpoints",
            vpc_id=self.vpc.vpc_id,
            group_description="Interface endpoints: HTTPS from the workloads, and nothing of their own",
            security_group_ingress=[
                ec2.CfnSecurityGroup.IngressProperty(
                    ip_protocol="tcp",
                    from_port=HTTPS,
                    to_port=HTTPS,
                    source_security_group_id=self.security_group.attr_group_id,
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
        imported = ec2.SecurityGroup.from_security_group_id(
            self, "EndpointsGroup", group.attr_group_id, mutable=False
        )
        return {
            name: ec2.InterfaceVpcEndpoint(
                self,
                name.capitalize(),
                vpc=self.vpc,
                service=service,
                security_groups=[imported],
                open=False,
                private_dns_enabled=True,
            )
            for name, service in SERVICES.items()
        }

    def _log_refusals(self, names: Names, stage: Stage, encryption: Encryption) -> None:
        """Who tried to get out: VPC User Guide, "Publish flow logs to CloudWatch Logs"."""
        stack = cdk.Stack.of(self)
        group = logs.LogGroup(
            self,
            "FlowLog",
            log_group_name=names.flow_log_group,
            retention=stage.log_retention,
            encryption_key=encryption.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self,
            "FlowLogRole",
            description=f"Flow logs of {names.prefix}",
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            ),
        )
        allow(
            role,
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            on=group.log_group_arn,
        )
        flow_log = ec2.CfnFlowLog(
            self,
            "Refusals",
            resource_id=self.vpc.vpc_id,
            resource_type="VPC",
            traffic_type="REJECT",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )
        flow_log.node.add_dependency(role)
