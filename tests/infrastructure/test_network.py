"""In VPC mode nothing has a way out, and everything that is called has an endpoint."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from contracts.names import folder_of
from infra_cdk.network.endpoints import GATEWAYS, SERVICES
from infra_cdk.network.prefix_lists import PREFIX_LISTS
from infra_cdk.pipeline.state_machine import TRAINING_STATE, definition
from infra_cdk.stages import DEV
from operations.cost.forecast import forecast
from operations.cost.prices import Prices
from tests.infrastructure.conftest import ROOT
from tests.infrastructure.template import Synthesised, listed, resources_of, text
from tests.infrastructure.test_access import STATES, role_of

WAYS_OUT = {
    "AWS::EC2::EgressOnlyInternetGateway",
    "AWS::EC2::EIP",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::Route",
    "AWS::EC2::TransitGatewayAttachment",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::EC2::VPCPeeringConnection",
    "AWS::EC2::VPNGateway",
}
# The endpoint that each IAM prefix is called through.
ENDPOINT_OF = {
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "ecr": "ecr",
    "s3": "s3",
    "sagemaker": "sagemaker",
    "sqs": "sqs",
    "states": "stepfunctions",
}


def endpoint_of(action: str) -> str:
    if action == "sagemaker:CallMlflowAppApi":
        return "mlflow"
    return ENDPOINT_OF[action.partition(":")[0]]


def called(code, state: str) -> set[str]:
    """`[scaling]` is refused for a stage in a VPC, and its calls are never made there."""
    found: set[str] = code.actions(f"lambdas.{folder_of(state)}.handler.handler")
    return {action for action in found if not action.startswith("application-autoscaling:")}


def endpoints(template: Synthesised) -> dict[str, dict[str, Any]]:
    """Properties of the endpoints by our names for their services."""
    ends = {
        "cloudwatch": ".monitoring",
        "dynamodb": ".dynamodb",
        "ecr": ".ecr.api",
        "mlflow": ".mlflow",
        "s3": ".s3",
        "sagemaker": ".sagemaker.api",
        "sqs": ".sqs",
        "stepfunctions": ".states",
    }
    found = {}
    for properties in template.properties("AWS::EC2::VPCEndpoint"):
        service = text(properties["ServiceName"])
        (name,) = [name for name, end in ends.items() if service.endswith(end)]
        found[name] = dict(properties)
    return found


def subnets(template: Synthesised) -> set[str]:
    return {f"<{name}>" for name in template.of_type("AWS::EC2::Subnet")}


@pytest.fixture
def workloads(vpc) -> str:
    """The security group of what runs in the VPC."""
    (name,) = [n for n in vpc.of_type("AWS::EC2::SecurityGroup") if "Workloads" in n]
    return f"<{name}.GroupId>"


def test_without_a_vpc_there_is_no_network_at_all(dev):
    assert not {r["Type"] for r in dev.resources.values() if r["Type"].startswith("AWS::EC2::")}
    assert all("VpcConfig" not in p for p in dev.properties("AWS::Lambda::Function"))


def test_nothing_leads_out(vpc):
    assert not {r["Type"] for r in vpc.resources.values()} & WAYS_OUT


def test_no_subnet_is_public_and_there_are_two_zones(vpc):
    found = vpc.properties("AWS::EC2::Subnet")
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in found)
    assert len({json.dumps(subnet["AvailabilityZone"]) for subnet in found}) == 2


def test_the_zones_are_those_asked_for(in_vpc, build):
    chosen = replace(in_vpc, network=replace(in_vpc.network, zones=("us-east-1b", "us-east-1d")))
    stack = build(chosen, DEV)
    assert [subnet.availability_zone for subnet in stack.network.vpc.isolated_subnets] == list(
        chosen.network.zones
    )


def test_every_function_runs_in_the_vpc(vpc, workloads):
    for function in vpc.properties("AWS::Lambda::Function"):
        assert {text(s) for s in function["VpcConfig"]["SubnetIds"]} == subnets(vpc)
        assert [text(g) for g in function["VpcConfig"]["SecurityGroupIds"]] == [workloads]


def test_the_training_job_runs_in_the_vpc(vpc, workloads):
    machine = vpc.pipeline
    arguments = json.loads(machine["DefinitionString"])["States"][TRAINING_STATE]["Arguments"]
    assert arguments["VpcConfig"] == {
        "SecurityGroupIds": ["${TrainingSecurityGroupId}"],
        "Subnets": "{% $split('${TrainingSubnetIds}', ',') %}",
    }
    values = machine["DefinitionSubstitutions"]
    assert text(values["TrainingSecurityGroupId"]) == workloads
    assert set(text(values["TrainingSubnetIds"]).split(",")) == subnets(vpc)


def test_the_definition_is_the_same_in_a_vpc_and_out_of_it_but_for_where_training_runs(dev, vpc):
    inside = json.loads(vpc.pipeline["DefinitionString"])
    del inside["States"][TRAINING_STATE]["Arguments"]["VpcConfig"]
    assert inside == json.loads(dev.pipeline["DefinitionString"])


@pytest.mark.parametrize(("instance_type", "takes_a_key"), [("ml.m5.large", True), ("ml.m5d.large", False)])
def test_a_local_disk_takes_no_key(config, instance_type, takes_a_key):
    training = replace(config.training, instance_type=instance_type)
    made = definition(ROOT, in_vpc=True, training=training, deployment=config.deployments["dev"])
    resources = made["States"][TRAINING_STATE]["Arguments"]["ResourceConfig"]
    assert ("VolumeKmsKeyId" in resources) is takes_a_key


def test_the_model_is_put_into_the_vpc(dev, vpc, workloads):
    network = json.loads(text(vpc.function("DeployModel")["Environment"]["Variables"]["ENDPOINT_NETWORK"]))
    assert network["SecurityGroupIds"] == [workloads]
    assert set(network["Subnets"]) == subnets(vpc)
    assert dev.function("DeployModel")["Environment"]["Variables"]["ENDPOINT_NETWORK"] == ""


def test_a_job_or_a_model_outside_of_the_vpc_is_refused(vpc, workloads):
    machine = vpc.pipeline
    for role, action in (
        (vpc.role_of(machine), "sagemaker:CreateTrainingJob"),
        (role_of(vpc, "DeployModel"), "sagemaker:CreateModel"),
    ):
        (statement,) = [s for s in vpc.statements(role) if action in listed(s["Action"])]
        keys = statement["Condition"]["ForAllValues:StringEquals"]
        assert {text(s) for s in keys["sagemaker:VpcSubnets"]} == subnets(vpc)
        assert [text(g) for g in keys["sagemaker:VpcSecurityGroupIds"]] == [workloads]
        assert statement["Condition"]["Null"]["sagemaker:VpcSubnets"] == "false"


def test_no_security_group_lets_anything_out_but_https_to_the_endpoints(vpc):
    (network,) = [p["CidrBlock"] for p in vpc.properties("AWS::EC2::VPC")]
    for group in vpc.properties("AWS::EC2::SecurityGroup"):
        assert group["SecurityGroupEgress"]  # none at all means everything
        for rule in group["SecurityGroupEgress"]:
            nowhere = rule.get("CidrIp") == "255.255.255.255/32"
            inside = rule.get("CidrIp") == network or "DestinationPrefixListId" in rule
            assert nowhere or (inside and rule["FromPort"] == rule["ToPort"] == 443), rule
        for rule in group.get("SecurityGroupIngress", []):
            assert "SourceSecurityGroupId" in rule
    assert not vpc.of_type("AWS::EC2::SecurityGroupEgress")


def test_a_region_whose_address_lists_are_known_has_both():
    assert "us-east-1" in PREFIX_LISTS
    for region, lists in PREFIX_LISTS.items():
        assert set(lists) == set(GATEWAYS), region
        assert all(value.startswith("pl-") and len(value) == 11 for value in lists.values())


def test_each_service_that_code_in_the_vpc_calls_has_an_endpoint_and_no_other_does(vpc, code):
    needed = {endpoint_of(action) for state in STATES for action in called(code, state)}
    assert set(endpoints(vpc)) == needed == {*SERVICES, *GATEWAYS}


@pytest.mark.parametrize("state", STATES)
def test_what_a_function_calls_passes_its_endpoint(vpc, code, state):
    """Some resource of each grant overlaps with what the endpoint lets through."""
    found = endpoints(vpc)
    for statement in vpc.statements(role_of(vpc, state)):
        for action in set(listed(statement["Action"])) & called(code, state):
            policy = found[endpoint_of(action)]["PolicyDocument"]["Statement"]
            assert any(
                passes(action, resource, s) for resource in resources_of(statement) for s in listed(policy)
            ), (action, resources_of(statement))


def test_nothing_scales_in_a_vpc_and_nobody_may(vpc):
    actions = vpc.actions(role_of(vpc, "DeployModel"))
    assert not [action for action in actions if action.startswith("application-autoscaling:")]


def passes(action: str, resource: str, statement) -> bool:
    return any(fnmatchcase(action, a) for a in listed(statement["Action"])) and any(
        fnmatchcase(resource, r) for r in resources_of(statement)
    )


def test_an_endpoint_serves_this_account_and_this_pipelines_resources(vpc):
    own = tuple(f"<{name}" for name in vpc.resources)
    for service, endpoint in endpoints(vpc).items():
        for statement in listed(endpoint["PolicyDocument"]["Statement"]):
            resources = resources_of(statement)
            if any("cloudformation-custom-resource-response" in r for r in resources):
                assert (statement["Action"], len(resources)) == ("s3:PutObject", 1)
                continue
            account = {"Ref": "AWS::AccountId"}
            assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": account}}, service
            for resource in resources:
                named = resource.startswith(own) or vpc.names.prefix in resource
                shared = "alarm:*" in resource or "repository/cdk-" in resource
                lists = resource == "*" and statement["Action"] in (
                    "sagemaker:List*",
                    "cloudwatch:GetMetricStatistics",
                )
                assert named or shared or lists, (service, resource)


def test_the_documents_name_every_endpoint(vpc):
    security = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    for endpoint in vpc.properties("AWS::EC2::VPCEndpoint"):
        assert f"`{text(endpoint['ServiceName']).replace('<AWS::Region>', 'REGION')}`" in security


def test_the_forecast_says_what_the_endpoints_cost_and_a_stage_without_a_vpc_pays_for_none(vpc, dev, in_vpc):
    def lines(template):
        return {line.item: line for line in forecast(template.document, in_vpc, "dev", Prices.load())}

    item = f"VPC, {len(SERVICES)} interface endpoints in 2 zones"
    assert lines(vpc)[item].expected == pytest.approx(len(SERVICES) * 2 * 0.01 * 730)
    assert not [other for other in lines(dev) if "interface endpoint" in other]


def test_an_interface_endpoint_answers_to_the_services_own_name_in_every_subnet(vpc):
    found = endpoints(vpc)
    for service in SERVICES:
        assert found[service]["PrivateDnsEnabled"] is True
        assert {text(s) for s in found[service]["SubnetIds"]} == subnets(vpc)
    tables = {f"<{name}>" for name in vpc.of_type("AWS::EC2::RouteTable")}
    for service in GATEWAYS:
        assert {text(t) for t in found[service]["RouteTableIds"]} == tables


def test_the_endpoints_are_there_while_uploads_arrive_and_while_the_teardown_works(vpc):
    wanted = set(vpc.of_type("AWS::EC2::VPCEndpoint"))
    (mapping,) = vpc.of_type("AWS::Lambda::EventSourceMapping")
    (teardown,) = vpc.of_type("Custom::Teardown")
    assert wanted <= vpc.needs(mapping)
    assert wanted <= vpc.needs(teardown)


def test_what_is_refused_is_logged_and_encrypted(vpc):
    (flow_log,) = vpc.properties("AWS::EC2::FlowLog")
    assert flow_log["TrafficType"] == "REJECT"
    group = vpc.resources[text(flow_log["LogGroupName"]).strip("<>")]["Properties"]
    assert group["LogGroupName"] == vpc.names.flow_log_group
    assert group["KmsKeyId"]
    (key,) = vpc.properties("AWS::KMS::Key")
    assert vpc.names.flow_log_group in json.dumps(key["KeyPolicy"])


@pytest.mark.parametrize("state", STATES)
def test_a_functions_own_code_may_not_do_what_lambda_does_to_join_it_to_the_vpc(vpc, state):
    statements = vpc.statements(role_of(vpc, state))
    allowed = {
        action
        for s in statements
        if s["Effect"] == "Allow"
        for action in listed(s["Action"])
        if action.startswith("ec2:")
    }
    (denied,) = [s for s in statements if s["Effect"] == "Deny"]
    assert set(denied["Action"]) == allowed
    (arn,) = denied["Condition"]["ArnEquals"].values()
    assert text(arn).endswith(f":function:{vpc.names.function(state)}")


def test_roles_outside_of_functions_touch_network_interfaces_of_this_vpc_alone(vpc):
    functions = {role_of(vpc, state) for state in STATES}
    changing = ("ec2:DeleteNetworkInterface", "ec2:CreateNetworkInterfacePermission")
    holders = {r for r in vpc.of_type("AWS::IAM::Role") if vpc.actions(r) & set(changing)} - functions
    assert len(holders) == 2  # training and endpoint
    for role in holders:
        for s in vpc.statements(role):
            if set(changing) & set(listed(s["Action"])):
                assert "ec2:Vpc" in s["Condition"]["ArnEquals"]


def test_cfn_lint_finds_nothing(vpc, tmp_path: Path):
    template = tmp_path / "vpc.template.json"
    template.write_text(json.dumps(vpc.document))
    lint = Path(sys.executable).with_name("cfn-lint")
    command = [str(lint), "--ignore-checks", "W3005", "--", str(template)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout
