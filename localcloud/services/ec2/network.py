"""What ministack lacks of a VPC: flow logs and functions in a template, and what joining takes of a role.

Lambda and SageMaker make network interfaces in the name of the function's, the job's or the endpoint's role,
so that role needs permissions on EC2. Traffic itself is not kept inside: all processes of this cloud share
this machine's network.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.iam import decisions
from localcloud.iam.sessions import Credentials
from localcloud.ministack_adapter import lambda_svc, provisioners

LAMBDA_ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
SAGEMAKER_ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeVpcs",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
)
_FLOW_LOG = "AWS::EC2::FlowLog"


class UnknownNetworkError(LookupError):
    """A subnet or a security group that is not there; the message is EC2's."""


def install(cloud: Cloud) -> None:
    """Let a template have a flow log, and put a function into a VPC."""

    def update(physical_id: str, old: Any, new: dict[str, Any], stack_name: str) -> Any:
        _delete_flow_log(physical_id, old)
        return _create_flow_log("", new, stack_name)

    handler = {"create": _create_flow_log, "update": update, "delete": _delete_flow_log}
    provisioners.RESOURCE_HANDLERS[_FLOW_LOG] = handler
    function = provisioners.RESOURCE_HANDLERS["AWS::Lambda::Function"]
    function["create"] = _placing(function["create"])
    function["update"] = _placing(function["update"], new=2)


def _placing(make: Any, new: int = 1) -> Any:
    """ministack's own, after which the record also says where the function lies; it forgets VpcConfig."""

    def placed(*arguments: Any, **named: Any) -> Any:
        made = make(*arguments, **named)
        record = lambda_svc.functions.get(made[0])
        if record is not None and "VpcConfig" in arguments[new]:
            record["config"]["VpcConfig"] = lambda_svc.vpc_config_with_id(arguments[new]["VpcConfig"])
        return made

    return placed


def _create_flow_log(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
    from localcloud.ministack_adapter import ec2

    before = set(ec2.flow_logs)
    members = {
        "ResourceId.1": properties["ResourceId"],
        "ResourceType": properties["ResourceType"],
        "TrafficType": properties.get("TrafficType", "ALL"),
        "LogDestinationType": properties.get("LogDestinationType", "cloud-watch-logs"),
        "LogDestination": properties.get("LogDestination", ""),
        "LogGroupName": properties.get("LogGroupName", ""),
    }
    ec2.create_flow_logs({name: [value] for name, value in members.items() if value})
    (made,) = set(ec2.flow_logs) - before
    return made, {"Id": made}


def _delete_flow_log(physical_id: str, properties: Any) -> None:
    from localcloud.ministack_adapter import ec2

    ec2.flow_logs.pop(physical_id, None)


def check_joining(
    keys: Credentials,
    actions: Sequence[str],
    subnet_ids: Sequence[str],
    group_ids: Sequence[str],
    *,
    account: str,
    region: str,
) -> None:
    """Raise NotAuthorizedError unless the role may join the network; UnknownNetworkError where none is."""
    from localcloud.ministack_adapter import ec2

    def arn(resource: str, name: str) -> str:
        return f"arn:aws:ec2:{region}:{account}:{resource}/{name}"

    vpc_id = _vpc_of(ec2, subnet_ids, group_ids)
    interface = arn("network-interface", "eni-0123456789abcdef0")
    made_of = [interface, *(arn("subnet", s) for s in subnet_ids)]
    made_of += [arn("security-group", group) for group in group_ids]
    for action in actions:
        on = made_of if action == "ec2:CreateNetworkInterface" else [interface]
        for resource in ["*"] if action.startswith("ec2:Describe") else on:
            context = {"ec2:Vpc": arn("vpc", vpc_id)}
            decisions.check(keys, action, resource, account=account, region=region, context=context)


def _vpc_of(ec2: Any, subnet_ids: Sequence[str], group_ids: Sequence[str]) -> str:
    for subnet in subnet_ids:
        if subnet not in ec2.subnets:
            raise UnknownNetworkError(f"The subnet ID '{subnet}' does not exist")
    for group in group_ids:
        if group not in ec2.security_groups:
            raise UnknownNetworkError(f"The security group '{group}' does not exist")
    return str(ec2.subnets[subnet_ids[0]]["VpcId"])
