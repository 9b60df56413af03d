"""A VPC without a way out: what runs in it reaches the AWS services that it calls, and nothing else.

Isolated subnets in two zones, no internet or NAT gateway, and an endpoint for each service called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from contracts.names import Names
from contracts.network import Network
from infra_cdk.data.encryption import Encryption
from infra_cdk.network.endpoints import GATEWAYS, HTTPS, Endpoints
from infra_cdk.network.flow_log import RefusedTraffic
from infra_cdk.network.interfaces import Interfaces
from infra_cdk.network.prefix_lists import PREFIX_LISTS
from infra_cdk.stages import StageSettings

CIDR, SUBNET_MASK = "10.0.0.0/20", 24
ISOLATED = ec2.SubnetType.PRIVATE_ISOLATED


class PrivateNetwork(Construct):
    """`endpoints` let calls to AWS out, `interfaces` grants what joining takes; SageMaker takes `vpc_config`,
    a Lambda function `function_props`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        stage: StageSettings,
        encryption: Encryption,
        zones: Sequence[str],
    ) -> None:
        """Without `zones` it lies in the region's first ones."""
        super().__init__(scope, construct_id)
        chosen: dict[str, Any] = (
            {"availability_zones": list(zones)} if zones else {"max_azs": Network.ZONE_COUNT}
        )
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(CIDR),
            **chosen,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="isolated", subnet_type=ISOLATED, cidr_mask=SUBNET_MASK)
            ],
        )
        group = self._security_group()
        self.subnet_ids = [subnet.subnet_id for subnet in self.vpc.isolated_subnets]
        self.security_group_id = group.attr_group_id
        self._group = ec2.SecurityGroup.from_security_group_id(
            self, "Imported", group.attr_group_id, mutable=False
        )
        self.endpoints = Endpoints(self, "Endpoints", vpc=self.vpc, workloads=group)
        self.interfaces = Interfaces(
            stack=cdk.Stack.of(self),
            vpc_id=self.vpc.vpc_id,
            subnet_ids=self.subnet_ids,
            security_group_id=self.security_group_id,
        )
        RefusedTraffic(self, "FlowLog", names=names, stage=stage, encryption=encryption, vpc=self.vpc)

    @property
    def vpc_config(self) -> dict[str, list[str]]:
        """SageMaker's VpcConfig."""
        return {"SecurityGroupIds": [self.security_group_id], "Subnets": self.subnet_ids}

    @property
    def placement(self) -> dict[str, Any]:
        """The condition that a job or a model is put into this VPC (Service Authorization Reference, Amazon
        SageMaker)."""
        return {
            "ForAllValues:StringEquals": {
                "sagemaker:VpcSubnets": self.subnet_ids,
                "sagemaker:VpcSecurityGroupIds": [self.security_group_id],
            },
            "Null": {"sagemaker:VpcSubnets": "false", "sagemaker:VpcSecurityGroupIds": "false"},
        }

    @property
    def function_props(self) -> dict[str, Any]:
        """What a Lambda function construct takes."""
        subnets = ec2.SubnetSelection(subnet_type=ISOLATED)
        return {"vpc": self.vpc, "vpc_subnets": subnets, "security_groups": [self._group]}

    def _security_group(self) -> ec2.CfnSecurityGroup:
        """Out to the endpoints, and to S3 and DynamoDB, whose gateways keep the services' own addresses."""
        lists = cdk.CfnMapping(self, "PrefixLists", mapping=PREFIX_LISTS)
        return ec2.CfnSecurityGroup(
            self,
            "Workloads",
            vpc_id=self.vpc.vpc_id,
            group_description="Functions, training jobs, endpoint: HTTPS to the endpoints of this VPC alone",
            security_group_egress=[
                _https("To the interface endpoints", cidr_ip=CIDR),
                *(
                    _https(
                        f"To {name} by its gateway endpoint",
                        destination_prefix_list_id=lists.find_in_map(cdk.Aws.REGION, name),
                    )
                    for name in GATEWAYS
                ),
            ],
        )


def _https(description: str, **to: str) -> ec2.CfnSecurityGroup.EgressProperty:
    return ec2.CfnSecurityGroup.EgressProperty(
        ip_protocol="tcp", from_port=HTTPS, to_port=HTTPS, description=description, **to
    )
