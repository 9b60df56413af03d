"""The tiny pipeline in a VPC of its own: it deploys, and what an upload starts runs inside."""

from collections.abc import Iterator

import pytest

from tests.chaos.cloud import NAMES, ChaosCloud
from tests.chaos.datasets import Line, good
from tests.chaos.project import TINY, assembly

PATIENCE_SECONDS = 600.0
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def cloud() -> Iterator[ChaosCloud]:
    running = ChaosCloud.start(assembly(f"{TINY}\n[network]\nvpc = true\n"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def subnets(cloud: ChaosCloud) -> set[str]:
    """Of the pipeline's VPC."""
    found = cloud.client("cloudformation").describe_stack_resources(StackName=NAMES.prefix)
    kind = "AWS::EC2::Subnet"
    return {r["PhysicalResourceId"] for r in found["StackResources"] if r["ResourceType"] == kind}


def test_job_model_and_functions_of_a_promoted_upload_lie_in_the_vpc(cloud: ChaosCloud, subnets: set[str]):
    ending = cloud.wait(cloud.upload("inside", good(1)), PATIENCE_SECONDS)
    assert ending is not None
    assert ending.outcome == "Promoted", ending.cause
    row, expected = Line(1).probe()
    assert cloud.ask(row) == pytest.approx(expected, abs=0.5)
    name = ending.output["training"]["job_name"]
    sagemaker = cloud.client("sagemaker")
    for record in (
        sagemaker.describe_training_job(TrainingJobName=name),
        sagemaker.describe_model(ModelName=name),
    ):
        assert set(record["VpcConfig"]["Subnets"]) == subnets
    functions = cloud.client("lambda").list_functions()["Functions"]
    assert functions
    for function in functions:
        assert set(function["VpcConfig"]["SubnetIds"]) == subnets, function["FunctionName"]


def test_the_vpc_has_no_way_out(cloud: ChaosCloud, subnets: set[str]):
    ec2 = cloud.client("ec2")
    vpc = {s["VpcId"] for s in ec2.describe_subnets(SubnetIds=sorted(subnets))["Subnets"]}
    (vpc_id,) = vpc
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
    routes = {r.get("GatewayId", "") for table in tables for r in table["Routes"]}
    assert all(target == "local" or target.startswith("vpce-") for target in routes), routes
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
    assert not ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]
